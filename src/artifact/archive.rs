//! Packs files so that the same files are the same archive, bit for bit: in order of their names, without owner, with one
//! fixed time, and with one of two modes. Whether a file may be run is kept: Git knows it, and so does a directory.

use std::fs::File;
use std::io::{self, Read, Seek, Write};

use driftless_core::desired::ArchiveFormat;
use driftless_core::observed::Member;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::blob::{Blob, hex};

/// The time of every file in a tar, in seconds since the epoch: zip's earliest, so that both say the same.
const MODIFIED: u64 = 315_532_800;

/// With another way of packing the same files are another archive, and are pushed again.
const PACKING: &str = "1";

/// 64 hex digits over what an archive is made of: each member with the SHA-256 of its bytes. Equal inputs are not packed
/// again, and an agent that compresses a little better than the last one changes no object.
pub(super) fn inputs(format: ArchiveFormat, members: &[(Member, String)]) -> String {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    };
    part(PACKING);
    part(match format {
        ArchiveFormat::Zip => "zip",
        ArchiveFormat::TarGz => "tar.gz",
    });
    for (member, sha256) in members {
        part(&member.name);
        part(if member.executable { "x" } else { "-" });
        part(sha256);
    }
    hex(&hash.finalize())
}

/// What packing ends with when it fails.
pub(super) trait Failure: From<io::Error> {}
impl<E: From<io::Error>> Failure for E {}

/// Packs `members`, whose bytes `open` reads and whose sizes it tells; blocks.
pub(super) fn pack<E: Failure, R: Read>(
    format: ArchiveFormat,
    members: &[Member],
    open: impl FnMut(&Member) -> Result<(R, u64), E>,
) -> Result<Blob, E> {
    Blob::written(|file| match format {
        ArchiveFormat::Zip => zip(file, members, open),
        ArchiveFormat::TarGz => tar_gz(file, members, open),
    })
}

fn mode(member: &Member) -> u32 {
    if member.executable { 0o755 } else { 0o644 }
}

fn zip<E: Failure, R: Read>(
    file: &mut (impl Write + Seek),
    members: &[Member],
    mut open: impl FnMut(&Member) -> Result<(R, u64), E>,
) -> Result<(), E> {
    let other = |error: zip::result::ZipError| io::Error::other(error);
    let mut archive = zip::ZipWriter::new(file);
    for member in members {
        let (mut bytes, size) = open(member)?;
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated)
            .compression_level(Some(6))
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(mode(member))
            .system(zip::System::Unix)
            .large_file(size >= u64::from(u32::MAX));
        archive.start_file(member.name.as_str(), options).map_err(other)?;
        io::copy(&mut bytes, &mut archive)?;
    }
    archive.finish().map_err(other)?;
    Ok(())
}

fn tar_gz<E: Failure, R: Read>(
    file: &mut File,
    members: &[Member],
    mut open: impl FnMut(&Member) -> Result<(R, u64), E>,
) -> Result<(), E> {
    // GzEncoder writes no name and no time: RFC 1952, 2.3.1, "MTIME = 0 means no time stamp is available".
    let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::default()));
    for member in members {
        let (bytes, size) = open(member)?;
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(size);
        header.set_mode(mode(member));
        header.set_mtime(MODIFIED);
        header.set_uid(0);
        header.set_gid(0);
        let mut counted = Counted { reader: bytes, bytes: 0 };
        // A header that says another size than what follows would break every file behind it.
        archive.append_data(&mut header, &member.name, (&mut counted).take(size))?;
        if counted.bytes != size || counted.read(&mut [0])? != 0 {
            return Err(
                io::Error::new(io::ErrorKind::UnexpectedEof, format!("`{}` changed while it was packed", member.name)).into()
            );
        }
    }
    archive.into_inner()?.finish()?;
    Ok(())
}

struct Counted<R> {
    reader: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.bytes += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
