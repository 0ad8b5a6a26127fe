//! What some work takes of the machine, beside time: on a busy one, time tells little.

use std::fs;
use std::ops::{Add, Sub};

use anyhow::Context as _;
use rustix::time::{ClockId, clock_gettime};

/// What this process has taken so far, or for some work.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    processor_ns: u64,
    /// Bytes that it has read and written, wherever they came from and went to.
    read: u64,
    written: u64,
}

impl Cost {
    pub(super) const NONE: Self = Self { processor_ns: 0, read: 0, written: 0 };

    /// So far. The log and the file are written to through the machine's memory: it is what we hand over that counts.
    pub(super) fn so_far() -> anyhow::Result<Self> {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        let io = fs::read_to_string("/proc/self/io").context("only Linux tells what a process reads")?;
        let bytes = |name: &str| -> anyhow::Result<u64> {
            let line = io.lines().find_map(|line| line.strip_prefix(name)).context("no such line")?;
            Ok(line.trim().parse()?)
        };
        let processor_ns = u64::try_from(time.tv_sec * 1_000_000_000 + time.tv_nsec)?;
        Ok(Self { processor_ns, read: bytes("rchar:")?, written: bytes("wchar:")? })
    }

    /// Microseconds of the processor, and KiB read and written, each for one of so many.
    pub(super) fn each(self, count: u64) -> [u64; 3] {
        let count = count.max(1);
        [self.processor_ns / 1_000 / count, self.read / 1_024 / count, self.written / 1_024 / count]
    }
}

impl Sub for Cost {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            processor_ns: self.processor_ns - before.processor_ns,
            read: self.read - before.read,
            written: self.written - before.written,
        }
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            processor_ns: self.processor_ns + other.processor_ns,
            read: self.read + other.read,
            written: self.written + other.written,
        }
    }
}
