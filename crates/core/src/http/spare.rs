//! Maps of headers that are used again: pieces of memory above 1 KiB are slow to get from glibc, and
//! each message has such a map.

use std::cell::RefCell;

use http::HeaderMap;

/// Maps kept by a thread, which is what as many requests under way need.
const MOST: usize = 64;
/// A map with room for more is not kept.
const MOST_HEADERS: usize = 48;

thread_local! {
    static SPARE: RefCell<Vec<HeaderMap>> = const { RefCell::new(Vec::new()) };
}

/// An empty map, with room if there is a spare one.
pub(super) fn take() -> HeaderMap {
    SPARE.with_borrow_mut(Vec::pop).unwrap_or_default()
}

/// Keeps `map` for a later message; what is in it is gone.
pub(super) fn give(mut map: HeaderMap) {
    let has_room = (1..=MOST_HEADERS).contains(&map.capacity());
    if has_room {
        map.clear();
        // A thread that ends has nothing to keep any more.
        let _kept = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < MOST {
                spare.push(map);
            }
        });
    }
}
