//! Result files: written beside their place and renamed, so that a full disk or a crash leaves the old file whole. What is no
//! file is never replaced by one.

use crate::failure::Failure;
use std::fs::OpenOptions;
use std::io::{Error, Write};
use std::path::{Path, PathBuf};

/// Where a result goes.
enum Place {
    /// A file, there or not yet.
    File(PathBuf),
    /// A device, a pipe or the like.
    Stream,
}

/// Writes a file that only its owner can read, in one step. A link stays, and what it leads to is written; devices and pipes
/// are written to as they are.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let failed = |error: Error| {
        Failure::new(format!("cannot write {}: {error}", path.display()))
            .with_hint("check that the folder exists, can be written to and has space left")
    };
    match place(path)? {
        Place::File(path) => replace_file(&path, content),
        Place::Stream => OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|mut stream| stream.write_all(content).and_then(|()| stream.flush())),
    }
    .map_err(failed)
}

fn place(path: &Path) -> Result<Place, Failure> {
    let Ok(there) = std::fs::symlink_metadata(path) else {
        return Ok(Place::File(path.to_owned()));
    };
    if there.is_file() {
        return Ok(Place::File(path.to_owned()));
    }
    let refused = |what: &str| Failure::usage(format!("{} is {what}", path.display()));
    let Ok(meant) = std::fs::metadata(path) else {
        return Err(refused("a link that leads nowhere")
            .with_hint("nothing was written; remove the link or name another file"));
    };
    if meant.is_dir() {
        return Err(refused("a folder, not a file"));
    }
    match path.canonicalize() {
        Ok(file) if meant.is_file() => Ok(Place::File(file)),
        // An open pipe has no name of its own.
        _ => Ok(Place::Stream),
    }
}

fn replace_file(path: &Path, content: &[u8]) -> Result<(), Error> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // tempfile makes files of mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::replace;
    use std::path::Path;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        replace(&path, b"old").unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        replace(&path, b"x").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_missing_folder_is_one_clear_line() {
        let folder = tempfile::tempdir().unwrap();
        let failure = replace(&folder.path().join("no/plan.json"), b"x").unwrap_err();
        assert!(
            failure.message().starts_with("cannot write "),
            "{failure:?}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_written_to_and_never_replaced() {
        use std::os::unix::fs::{FileTypeExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let pipe = at("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        symlink(&pipe, at("to the pipe")).unwrap();
        for name in ["pipe", "to the pipe"] {
            let from = pipe.clone();
            let reader = std::thread::spawn(move || std::fs::read(from).unwrap());
            replace(&at(name), b"plan").unwrap();
            assert_eq!(reader.join().unwrap(), b"plan");
            let kind = std::fs::symlink_metadata(&pipe).unwrap().file_type();
            assert!(kind.is_fifo(), "{name}");
        }
        symlink("/dev/null", at("null")).unwrap();
        replace(&at("null"), b"plan").unwrap();
        assert_eq!(
            std::fs::read_link(at("null")).unwrap(),
            Path::new("/dev/null")
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_what_it_leads_to_is_replaced() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        replace(&at("plan.json"), b"old").unwrap();
        symlink("plan.json", at("link")).unwrap();
        replace(&at("link"), b"new").unwrap();
        assert_eq!(
            std::fs::read_link(at("link")).unwrap(),
            Path::new("plan.json")
        );
        assert_eq!(std::fs::read(at("plan.json")).unwrap(), b"new");
        symlink("nothing", at("nowhere")).unwrap();
        let refused = replace(&at("nowhere"), b"x").unwrap_err();
        assert_eq!(refused.code(), cove_halo::ExitCode::Usage);
        assert!(refused.message().ends_with("is a link that leads nowhere"));
        assert!(replace(folder.path(), b"x").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    }
}
