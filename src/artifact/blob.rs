//! The bytes of one object to be, read in ranges: in memory where they are few, on disk where they are many.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use driftless_core::lfs;
use sha2::{Digest, Sha256};

/// More than this many bytes are kept on disk.
pub const IN_MEMORY: u64 = 16 * 1024 * 1024;

/// Bytes that can be read again and again. Clones share them.
#[derive(Clone)]
pub enum Blob {
    /// All of them.
    Memory(Bytes),
    /// A file that is open, and how many bytes it had then. Where it is ours it has no name any more, so that a kill leaves
    /// nothing behind.
    File(Arc<Mutex<File>>, u64),
}

impl Blob {
    /// A file that lies there already.
    ///
    /// # Errors
    /// The system's.
    pub fn of_file(file: File) -> io::Result<Self> {
        let bytes = file.metadata()?.len();
        Ok(Blob::File(Arc::new(Mutex::new(file)), bytes))
    }

    /// All that `write` writes, kept in the system's folder for temporary files.
    ///
    /// # Errors
    /// Those of `write`, and the system's.
    pub fn written<E: From<io::Error>>(write: impl FnOnce(&mut File) -> Result<(), E>) -> Result<Self, E> {
        let mut file = tempfile::tempfile()?;
        write(&mut file)?;
        file.flush()?;
        Ok(Blob::of_file(file)?)
    }

    /// All of `reader`, which says that it has about `bytes` bytes.
    ///
    /// # Errors
    /// The reader's, and the system's.
    pub fn of_reader(mut reader: impl Read, bytes: u64) -> io::Result<Self> {
        if bytes <= IN_MEMORY {
            let mut all = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
            reader.read_to_end(&mut all)?;
            return Ok(Blob::Memory(all.into()));
        }
        Blob::written(|file| io::copy(&mut reader, file).map(|_| ()))
    }

    /// How many bytes there are.
    pub fn len(&self) -> u64 {
        match self {
            Blob::Memory(bytes) => bytes.len() as u64,
            Blob::File(_, bytes) => *bytes,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `length` bytes from `offset` on. Blocks where they are on disk.
    ///
    /// # Errors
    /// The system's; also where the file has become shorter.
    pub fn range(&self, offset: u64, length: u64) -> io::Result<Bytes> {
        let short = || io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter while it was read");
        match self {
            Blob::Memory(bytes) => {
                let range = usize::try_from(offset).ok().zip(usize::try_from(offset + length).ok());
                range.filter(|(_, end)| *end <= bytes.len()).map(|(start, end)| bytes.slice(start..end)).ok_or_else(short)
            }
            Blob::File(file, _) => {
                let mut all = Vec::with_capacity(usize::try_from(length).map_err(|_| short())?);
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(offset))?;
                (&mut *file).take(length).read_to_end(&mut all)?;
                if all.len() as u64 == length { Ok(all.into()) } else { Err(short()) }
            }
        }
    }

    /// All of it, from the beginning on.
    pub fn reader(&self) -> Reader {
        Reader { blob: self.clone(), offset: 0 }
    }

    /// 64 hex digits over all of it. Blocks.
    ///
    /// # Errors
    /// Those of [`range`](Self::range).
    pub fn sha256(&self) -> io::Result<String> {
        const CHUNK: u64 = 1024 * 1024;
        let mut hash = Sha256::new();
        let mut offset = 0;
        while offset < self.len() {
            let length = CHUNK.min(self.len() - offset);
            hash.update(self.range(offset, length)?);
            offset += length;
        }
        Ok(hex(&hash.finalize()))
    }
}

/// Reads a blob.
pub struct Reader {
    blob: Blob,
    offset: u64,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = (buffer.len() as u64).min(self.blob.len() - self.offset);
        let bytes = self.blob.range(self.offset, length)?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        self.offset += length;
        Ok(bytes.len())
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (from, by) = match to {
            SeekFrom::Start(offset) => (offset, 0),
            SeekFrom::End(by) => (self.blob.len(), by),
            SeekFrom::Current(by) => (self.offset, by),
        };
        let offset = from.checked_add_signed(by).filter(|offset| *offset <= self.blob.len());
        self.offset = offset.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "beyond the end"))?;
        Ok(self.offset)
    }
}

/// Lower case.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What was learned by reading all of something once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digested {
    /// 64 hex digits.
    pub sha256: String,
    /// How many bytes there were.
    pub bytes: u64,
    /// It is a pointer of Git LFS.
    pub lfs: bool,
}

/// Reads all of it.
///
/// # Errors
/// The reader's.
pub fn digested(mut reader: impl Read) -> io::Result<Digested> {
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut beginning = Vec::with_capacity(lfs::LARGEST + 1);
    let mut chunk = vec![0; 256 * 1024];
    loop {
        let count = reader.read(&mut chunk)?;
        if count == 0 {
            return Ok(Digested { sha256: hex(&hash.finalize()), bytes, lfs: lfs::is_pointer(&beginning) });
        }
        let room = (lfs::LARGEST + 1).saturating_sub(beginning.len()).min(count);
        beginning.extend_from_slice(&chunk[..room]);
        hash.update(&chunk[..count]);
        bytes += count as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_on_disk_reads_as_one_in_memory() {
        let all: Vec<u8> = (0..100_000_u32).flat_map(u32::to_be_bytes).collect();
        let memory = Blob::of_reader(&all[..], all.len() as u64).expect("reads");
        let disk = Blob::of_reader(&all[..], IN_MEMORY + 1).expect("reads");
        assert!(matches!(memory, Blob::Memory(_)) && matches!(disk, Blob::File(..)));
        for (offset, length) in [(0, 0), (0, 400_000), (399_999, 1), (1_000, 7)] {
            assert_eq!(memory.range(offset, length).expect("reads"), disk.range(offset, length).expect("reads"));
        }
        assert_eq!(memory.sha256().expect("hashes"), disk.sha256().expect("hashes"));
        assert_eq!(memory.sha256().expect("hashes"), digested(&all[..]).expect("hashes").sha256);
        for blob in [memory, disk] {
            assert!(blob.range(399_999, 2).is_err(), "beyond the end");
        }
    }

    #[test]
    fn a_digest_is_sha256_in_lower_case() {
        let abc = digested(&b"abc"[..]).expect("hashes").sha256;
        // FIPS 180-2, appendix B.1.
        assert_eq!(abc, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
