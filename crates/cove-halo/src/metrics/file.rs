//! The file itself: what it held before, and how it is replaced.

use std::fs::File;
use std::io;
use std::path::Path;

/// Longest metrics file that is taken over, in bytes. Ours have a few thousand.
const LONGEST: u64 = 1 << 20;

/// What the file holds; nothing where it cannot be read, or cannot be ours.
pub(super) fn earlier(path: &Path) -> String {
    use io::Read as _;
    let mut text = String::new();
    // A pipe would keep whoever opens it waiting.
    if !std::fs::metadata(path).is_ok_and(|there| there.is_file()) {
        return text;
    }
    let read = File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
    match read {
        Ok(_) => text,
        Err(_) => String::new(),
    }
}

/// Written beside its place, made durable and renamed. The name beside ends with `.tmp`, which collectors leave alone. It is
/// a new file whose name nobody knows before: the folder may be open to others, and a link that waits there is not written
/// through. A device or a pipe is never replaced.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let is_other = |there: std::fs::Metadata| !there.is_file() && !there.is_symlink();
    if std::fs::symlink_metadata(path).is_ok_and(is_other) {
        return Err(io::Error::other("it is there, and is no file"));
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{:016x}.tmp", fastrand::u64(..)));
    write_beside(path, Path::new(&beside), text)
}

fn write_beside(path: &Path, beside: &Path, text: &str) -> io::Result<()> {
    use io::Write as _;
    let mut file = File::create_new(beside)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(beside, path));
    if written.is_err() {
        // Best effort: what could not be written may not be removable either.
        let _ = std::fs::remove_file(beside);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::{replace, write_beside};

    #[test]
    fn the_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cove.prom");
        replace(&path, "old\n").unwrap();
        replace(&path, "new\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new\n");
        std::fs::create_dir(folder.path().join("taken")).unwrap();
        assert!(replace(&folder.path().join("taken"), "x").is_err());
        assert!(replace(&folder.path().join("none/x"), "x").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_no_file_is_neither_read_nor_replaced() {
        use super::earlier;
        use std::os::unix::fs::FileTypeExt as _;
        use std::path::Path;
        let socket = tempfile::tempdir().unwrap();
        let path = socket.path().join("cove.prom");
        let _listening = std::os::unix::net::UnixListener::bind(&path).unwrap();
        for path in [path.as_path(), Path::new("/dev/full")] {
            assert_eq!(earlier(path), "");
            let refused = replace(path, "new\n").unwrap_err();
            assert!(refused.to_string().contains("no file"), "{refused}");
            let kind = std::fs::metadata(path).unwrap().file_type();
            assert!(kind.is_socket() || kind.is_char_device());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_waits_at_the_name_beside_is_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("victim"), "precious").unwrap();
        let own = format!("cove.prom.{}.tmp", std::process::id());
        std::os::unix::fs::symlink(at("victim"), at(&own)).unwrap();
        replace(&at("cove.prom"), "new\n").unwrap();
        assert_eq!(std::fs::read_to_string(at("cove.prom")).unwrap(), "new\n");
        assert!(at(&own).is_symlink(), "not even looked at");
        // Whoever guesses the name gains nothing, either.
        let guessed = write_beside(&at("cove.prom"), &at(&own), "newer\n");
        assert_eq!(
            guessed.unwrap_err().kind(),
            std::io::ErrorKind::AlreadyExists
        );
        assert!(at(&own).is_symlink());
        assert_eq!(std::fs::read_to_string(at("victim")).unwrap(), "precious");
        assert_eq!(std::fs::read_to_string(at("cove.prom")).unwrap(), "new\n");
    }
}
