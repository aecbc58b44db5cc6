//! The words all parts of malai share: requests, status, events, errors.
