//! `aws-chunked` bodies: the payload in chunks with their sizes, and headers behind it, among them its checksum.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use axum::body::{Body, BodyDataStream};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::{StreamExt, stream};

/// A chunk's size and signature, or all trailers, are never longer.
const LINE: usize = 16 * 1024;

/// The headers behind a body, once it has been read to its end. Names are in lower case.
#[derive(Clone, Default)]
pub(super) struct Trailers(Arc<Mutex<BTreeMap<String, String>>>);

impl Trailers {
    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).get(name).cloned()
    }

    fn add(&self, line: &str) {
        if let Some((name, value)) = line.split_once(':') {
            let mut trailers = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            trailers.insert(name.trim().to_ascii_lowercase(), value.trim().to_string());
        }
    }
}

/// Where the reader stands.
enum Place {
    /// Before `SIZE[;chunk-signature=...]`.
    Size,
    /// Within a chunk of which so much is left.
    Chunk(u64),
    /// Behind a chunk, before its line's end.
    ChunkEnd,
    /// Behind the empty chunk that ends the payload.
    Trailers,
    Done,
}

struct Reader {
    body: BodyDataStream,
    buffer: BytesMut,
    place: Place,
    /// What is still missing of the length that the request promised.
    missing: u64,
    trailers: Trailers,
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("aws-chunked: {what}"))
}

impl Reader {
    /// Reads more into the buffer. False at the body's end.
    async fn more(&mut self) -> io::Result<bool> {
        match self.body.next().await {
            Some(Ok(bytes)) => {
                self.buffer.extend_from_slice(&bytes);
                Ok(true)
            }
            Some(Err(error)) => Err(io::Error::other(error)),
            None => Ok(false),
        }
    }

    /// The next line without its end; at the body's end what is left.
    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(end + 1);
                return Ok(String::from_utf8_lossy(&line).trim_end().to_string());
            }
            if self.buffer.len() > LINE {
                return Err(broken("a line without an end"));
            }
            if !self.more().await? {
                let rest = self.buffer.split();
                return Ok(String::from_utf8_lossy(&rest).trim_end().to_string());
            }
        }
    }

    /// The next bytes of the payload, or nothing at its end.
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            match self.place {
                Place::Size => {
                    let line = self.line().await?;
                    let digits = line.split(';').next().unwrap_or_default().trim();
                    let size = u64::from_str_radix(digits, 16).map_err(|_| broken("a chunk without a size"))?;
                    self.place = if size == 0 { Place::Trailers } else { Place::Chunk(size) };
                }
                Place::Chunk(left) => {
                    if self.buffer.is_empty() && !self.more().await? {
                        return Err(broken("the body ends within a chunk"));
                    }
                    let length = self.buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    let bytes = self.buffer.copy_to_bytes(length);
                    let left = left - bytes.len() as u64;
                    self.place = if left == 0 { Place::ChunkEnd } else { Place::Chunk(left) };
                    self.missing = self.missing.checked_sub(bytes.len() as u64).ok_or_else(|| broken("longer than promised"))?;
                    return Ok(Some(bytes));
                }
                Place::ChunkEnd => {
                    if !self.line().await?.is_empty() {
                        return Err(broken("a chunk that is longer than its size"));
                    }
                    self.place = Place::Size;
                }
                Place::Trailers => {
                    let line = self.line().await?;
                    if line.is_empty() {
                        self.place = Place::Done;
                    } else {
                        self.trailers.add(&line);
                    }
                }
                Place::Done if self.missing > 0 => return Err(broken("shorter than promised")),
                Place::Done => return Ok(None),
            }
        }
    }
}

/// The payload of a chunked body of so many decoded bytes. The trailers are there when it has been read to its end.
pub(super) fn payload(body: Body, length: u64) -> (Body, Trailers) {
    let trailers = Trailers::default();
    let reader = Reader {
        body: body.into_data_stream(),
        buffer: BytesMut::new(),
        place: Place::Size,
        missing: length,
        trailers: trailers.clone(),
    };
    let payload = stream::try_unfold(reader, |mut reader| async move {
        let next = reader.next().await?;
        Ok::<_, io::Error>(next.map(|bytes| (bytes, reader)))
    });
    (Body::from_stream(payload), trailers)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same bytes, in pieces of so many.
    fn body(text: &'static str, piece: usize) -> Body {
        let pieces = text.as_bytes().chunks(piece).map(|piece| Ok::<_, io::Error>(Bytes::from_static(piece)));
        Body::from_stream(stream::iter(pieces.collect::<Vec<_>>()))
    }

    const SIGNED: &str = "5;chunk-signature=aaaa\r\nhello\r\n6;chunk-signature=bbbb\r\n world\r\n0;chunk-signature=cccc\r\n\r\n";
    const TRAILED: &str = "b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\nX-Amz-Trailer-Signature: dd\r\n\r\n";

    #[tokio::test]
    async fn chunks_are_joined_however_the_network_cuts_them() {
        for text in [SIGNED, TRAILED] {
            for piece in [1, 2, 7, 1000] {
                let (payload, _) = payload(body(text, piece), 11);
                assert_eq!(axum::body::to_bytes(payload, 100).await.unwrap(), "hello world", "{piece}");
            }
        }
    }

    #[tokio::test]
    async fn trailers_are_there_at_the_end() {
        let (payload, trailers) = payload(body(TRAILED, 3), 11);
        axum::body::to_bytes(payload, 100).await.unwrap();
        assert_eq!(trailers.get("x-amz-checksum-crc32").as_deref(), Some("DUoRhQ=="));
        assert_eq!(trailers.get("x-amz-trailer-signature").as_deref(), Some("dd"));
    }

    #[tokio::test]
    async fn a_body_that_is_cut_or_not_of_its_promised_length_is_an_error() {
        for (text, length) in [("5\r\nhel", 5), ("5\r\nhello\r\n0\r\n\r\n", 6), ("5\r\nhello\r\n0\r\n\r\n", 4), ("zz\r\n", 0)] {
            let (payload, _) = payload(body(text, 4), length);
            assert!(axum::body::to_bytes(payload, 100).await.is_err(), "{text}");
        }
    }
}
