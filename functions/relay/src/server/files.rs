use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// So many connections serve every sender that there is.
const MOST: u64 = 512;

/// Files that the rest of the process needs: the store's, and connections to the vendors.
const RESERVED: u64 = 128;

/// How many connections the server may hold open, after raising the limit of open files as far as this user may.
pub(super) fn connections() -> usize {
    let limit = getrlimit(Resource::Nofile);
    // Where it is not allowed, the limit stays as it was.
    _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    within(getrlimit(Resource::Nofile).current)
}

fn within(files: Option<u64>) -> usize {
    let most = files.map_or(MOST, |files| (files - RESERVED.min(files / 2)).min(MOST));
    usize::try_from(most).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_store_and_the_vendors() {
        assert_eq!(within(None), 512);
        assert_eq!(within(Some(1_024)), 512);
        assert_eq!(within(Some(256)), 128);
        assert_eq!(within(Some(64)), 32);
        assert_eq!(within(Some(0)), 1);
    }
}
