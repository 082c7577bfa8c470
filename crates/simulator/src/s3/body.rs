//! An object's bytes: pieces that are shared by all who read them, and never copied again.

use std::collections::VecDeque;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use s3s::dto::StreamingBlob;
use s3s::stream::{ByteStream, RemainingLength};
use s3s::{S3Error, S3ErrorCode, S3Result, StdError};

use super::checksums::{Algorithm, Hasher};
use super::hashes::Hashes;

/// A body is kept in pieces of about this size.
const PIECE: usize = 1 << 20;

/// The bytes of an object or of a part.
#[derive(Clone, Default)]
pub(crate) struct Blob {
    pieces: Vec<Bytes>,
    length: u64,
}

impl Blob {
    fn push(&mut self, piece: Bytes) {
        self.length += piece.len() as u64;
        if !piece.is_empty() {
            self.pieces.push(piece);
        }
    }

    /// The parts of a multipart upload, one after the other.
    pub(super) fn join<'a>(parts: impl Iterator<Item = &'a Blob>) -> Self {
        let mut whole = Self::default();
        parts.flat_map(|part| &part.pieces).for_each(|piece| whole.push(piece.clone()));
        whole
    }

    /// How many bytes.
    pub(crate) fn len(&self) -> u64 {
        self.length
    }

    /// All of it in one piece.
    pub(crate) fn bytes(&self) -> Bytes {
        match self.pieces.as_slice() {
            [] => Bytes::new(),
            [one] => one.clone(),
            pieces => Bytes::from(pieces.concat()),
        }
    }

    /// A part of it; the range lies within it.
    pub(super) fn slice(&self, range: Range<u64>) -> Self {
        let (mut part, mut start) = (Self::default(), 0);
        for piece in &self.pieces {
            let end = start + piece.len() as u64;
            let (from, to) = (range.start.max(start), range.end.min(end));
            if from < to {
                part.push(piece.slice((from - start) as usize..(to - start) as usize));
            }
            start = end;
        }
        part
    }

    /// As an answer's body.
    pub(super) fn stream(&self) -> StreamingBlob {
        StreamingBlob::new(Pieces { left: self.length as usize, pieces: self.pieces.iter().cloned().collect() })
    }

    /// Its checksum, read once more from the beginning.
    pub(super) fn checksum(&self, algorithm: Algorithm) -> Vec<u8> {
        let mut hasher = Hasher::new(algorithm);
        self.pieces.iter().for_each(|piece| hasher.update(piece));
        hasher.finish()
    }

    pub(super) fn hash(&self, hashes: &mut Hashes) {
        self.pieces.iter().for_each(|piece| hashes.update(piece));
    }
}

impl From<Bytes> for Blob {
    fn from(bytes: Bytes) -> Self {
        let mut blob = Self::default();
        blob.push(bytes);
        blob
    }
}

/// The stream of a blob. Its length is known from the start.
struct Pieces {
    pieces: VecDeque<Bytes>,
    left: usize,
}

impl Stream for Pieces {
    type Item = Result<Bytes, StdError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = self.pieces.pop_front();
        self.left -= piece.as_ref().map_or(0, Bytes::len);
        Poll::Ready(piece.map(Ok))
    }
}

impl ByteStream for Pieces {
    fn remaining_length(&self) -> RemainingLength {
        RemainingLength::new(self.left, Some(self.left))
    }
}

/// Reads a request's body to its end, and its digests on the way. No lock is held meanwhile.
///
/// A body that ends too early is IncompleteBody, "You did not provide the number of bytes specified by the Content-Length
/// HTTP header": <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList>.
pub(super) async fn receive(body: Option<StreamingBlob>, hashes: &mut Hashes) -> S3Result<Blob> {
    let (mut blob, mut piece) = (Blob::default(), BytesMut::new());
    let Some(mut body) = body else { return Ok(blob) };
    while let Some(next) = body.next().await {
        let next = next.map_err(|error| {
            let message = "You did not provide the number of bytes specified by the Content-Length HTTP header.";
            let mut answer = S3Error::with_message(S3ErrorCode::IncompleteBody, message);
            answer.set_source(error);
            answer
        })?;
        hashes.update(&next);
        piece.extend_from_slice(&next);
        if piece.len() >= PIECE {
            blob.push(piece.split().freeze());
        }
    }
    blob.push(piece.freeze());
    Ok(blob)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_crosses_pieces_and_copies_none() {
        let parts = [Blob::from(Bytes::from_static(b"abc")), Blob::from(Bytes::from_static(b"defg"))];
        let whole = Blob::join(parts.iter());
        assert_eq!((whole.len(), whole.bytes()), (7, Bytes::from_static(b"abcdefg")));
        assert_eq!(whole.slice(1..5).bytes(), "bcde");
        assert_eq!(whole.slice(3..7).bytes(), "defg");
        assert_eq!(whole.slice(2..2).len(), 0);
    }
}
