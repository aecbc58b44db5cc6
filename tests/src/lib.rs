//! Drives the real malai binaries in separate processes.
