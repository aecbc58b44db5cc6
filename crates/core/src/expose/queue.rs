//! The way of something from the streams to the one task that acts on it.

use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc;

/// A bounded queue that is there before its reader, who takes its end once.
#[derive(Debug)]
pub(super) struct Queue<T> {
    pub(super) sender: mpsc::Sender<T>,
    receiver: Mutex<Option<mpsc::Receiver<T>>>,
}

impl<T> Queue<T> {
    /// A queue in which at most `room` wait.
    pub(super) fn new(room: usize) -> Self {
        let (sender, receiver) = mpsc::channel(room);
        Self {
            sender,
            receiver: Mutex::new(Some(receiver)),
        }
    }

    /// Its end; only the first who asks gets it.
    pub(super) fn take(&self) -> Option<mpsc::Receiver<T>> {
        let mut receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner);
        receiver.take()
    }
}
