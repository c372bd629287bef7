//! The lock between processes: a file lock that the kernel releases when its process dies, however it dies.

use super::super::{RunLock, StoreError, StoreErrorKind};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

#[derive(Debug)]
struct HeldFile {
    // Closing it releases the lock. The file stays: removing it would let two processes lock two files of one name.
    _file: File,
}

impl RunLock for HeldFile {}

/// The lock file that belongs to a state file.
pub(super) fn path_for(state: &Path) -> PathBuf {
    let mut name = state.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

pub(super) fn take(state: &Path) -> Result<Box<dyn RunLock>, StoreError> {
    let path = path_for(state);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    super::private(&mut options);
    let unusable = |error: std::io::Error| {
        StoreError::new(
            StoreErrorKind::Unusable,
            format!("the lock file {} cannot be used", path.display()),
        )
        .with_hint("its folder must be writable, on a local disk")
        .with_source(error)
    };
    let mut file = options.open(&path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(locked(&path, &mut file)),
        Err(TryLockError::Error(error)) => return Err(unusable(error)),
    }
    // Who holds it is for the message only; the time is the file's own.
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(unusable)?;
    Ok(Box::new(HeldFile { _file: file }))
}

fn locked(path: &Path, file: &mut File) -> StoreError {
    let mut holder = String::new();
    let read = Read::by_ref(file).take(20).read_to_string(&mut holder);
    let mut message = "another run holds the lock".to_owned();
    if read.is_ok()
        && let Ok(process) = holder.trim().parse::<u32>()
    {
        let _ = write!(message, " (process {process}");
        let since = file.metadata().and_then(|it| it.modified()).ok();
        if let Some(since) = since.and_then(|it| jiff::Timestamp::try_from(it).ok()) {
            let _ = write!(message, ", since {since:.0}");
        }
        message.push(')');
    }
    StoreError::new(StoreErrorKind::Locked, message).with_hint(format!(
        "wait until it has ended; the lock is {} and is released when its process ends",
        path.display()
    ))
}
