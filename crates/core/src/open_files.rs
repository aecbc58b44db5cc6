//! How many files and connections the system lets us have open.
//!
//! Many systems start programs with 1024, for the sake of programs that use `select`; we do not, so
//! we take as many as we may have.

/// Raises the number of files that may be open to the most that is allowed.
#[cfg(unix)]
pub(crate) fn raise_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limits = getrlimit(Resource::Nofile);
    let most = limits.maximum;
    limits.current = most;
    let raised = setrlimit(Resource::Nofile, limits).map(|()| most);
    match raised {
        Ok(most) => tracing::debug!(?most, "so many files may be open"),
        Err(error) => tracing::debug!(%error, "the number of open files stays as it is"),
    }
}

/// There is no such number here.
#[cfg(not(unix))]
pub(crate) fn raise_limit() {}
