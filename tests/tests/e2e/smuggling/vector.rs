//! One thing that is tried.

use Meant::Refused;

/// What a vector means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant {
    /// Nothing that could be agreed on.
    Refused,
    /// Something that may be refused or forwarded.
    Either,
    /// Something that is right, and must be forwarded.
    Served,
}

/// What is sent: `{P}` is its path, `{S}` the path of the second request, `{H}` the Host.
#[derive(Debug, Clone)]
pub(super) struct Vector {
    pub(super) name: String,
    pub(super) meant: Meant,
    request: Vec<u8>,
    method: &'static str,
    body: &'static str,
}

impl Vector {
    pub(super) fn new(name: impl Into<String>, meant: Meant, request: impl AsRef<[u8]>) -> Self {
        Self {
            name: name.into(),
            meant,
            request: request.as_ref().to_vec(),
            method: "GET",
            body: "",
        }
    }

    pub(super) fn posting(mut self, body: &'static str) -> Self {
        (self.method, self.body) = ("POST", body);
        self
    }

    /// The method and body that the service may see.
    pub(super) fn meaning(&self) -> Option<(String, Vec<u8>)> {
        let meaning = (self.method.to_owned(), self.body.as_bytes().to_vec());
        (self.meant != Refused).then_some(meaning)
    }

    pub(super) fn bytes(&self, path: &str, next: &str, host: &str) -> Vec<u8> {
        let second = b"GET {S} HTTP/1.1\r\nHost: {H}\r\nConnection: close\r\n\r\n";
        let mut left = [&self.request[..], second].concat();
        for (mark, value) in [("{P}", path), ("{S}", next), ("{H}", host)] {
            left = replaced(&left, mark.as_bytes(), value.as_bytes());
        }
        left
    }
}

fn replaced(bytes: &[u8], mark: &[u8], value: &[u8]) -> Vec<u8> {
    let mut left = bytes;
    let mut whole = Vec::new();
    while let Some(at) = left.windows(mark.len()).position(|part| part == mark) {
        whole.extend_from_slice(&left[..at]);
        whole.extend_from_slice(value);
        left = &left[at + mark.len()..];
    }
    whole.extend_from_slice(left);
    whole
}
