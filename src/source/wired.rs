//! Git's transport over a wire that was handed in: gix writes its requests here as it does over the network.

use std::any::Any;
use std::io::{BufRead, Cursor, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use gix::protocol::transport::client::AuthenticationRequired;
use gix::protocol::transport::client::blocking_io::Transport;
use gix::protocol::transport::client::blocking_io::http::{self as git_http, GetResponse, Http, PostBodyDataKind, PostResponse};

use crate::wire::BlockingWire;

/// A transport to `url` over `wire`.
pub(super) fn transport(wire: &BlockingWire, url: gix::Url) -> Box<dyn Transport + Send> {
    let http = Wired { wire: wire.clone(), extra: Vec::new() };
    Box::new(git_http::connect_http(http, url, gix::protocol::transport::Protocol::V2, false))
}

struct Wired {
    wire: BlockingWire,
    /// Headers of every request: the token's.
    extra: Vec<String>,
}

/// One request, sent when its answer is first read: its body is whole then.
struct Exchange {
    wire: BlockingWire,
    request: http::request::Builder,
    sent: Vec<u8>,
    answer: Option<Result<http::Response<Bytes>, String>>,
}

#[derive(Clone)]
struct Shared(Arc<Mutex<Exchange>>);

/// What of the answer a reader gives.
enum Part {
    Headers,
    Body,
}

struct Answer {
    exchange: Shared,
    part: Part,
    read: Option<Cursor<Vec<u8>>>,
}

struct Body(Shared);

impl Wired {
    fn exchange(&self, method: &str, url: &str, headers: impl IntoIterator<Item = impl AsRef<str>>) -> Shared {
        let mut request = http::Request::builder().method(method).uri(url);
        let headers: Vec<String> = headers.into_iter().map(|header| header.as_ref().to_owned()).collect();
        for header in headers.iter().chain(&self.extra) {
            if let Some((name, value)) = header.split_once(": ") {
                request = request.header(name, value);
            }
        }
        Shared(Arc::new(Mutex::new(Exchange { wire: self.wire.clone(), request, sent: Vec::new(), answer: None })))
    }
}

impl Shared {
    fn answer(&self) -> std::io::Result<http::Response<Bytes>> {
        let mut exchange = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if exchange.answer.is_none() {
            let request = std::mem::take(&mut exchange.request).body(Bytes::from(std::mem::take(&mut exchange.sent)));
            let answer = request.map_err(|error| error.to_string()).and_then(|request| exchange.wire.carry(request));
            exchange.answer = Some(answer);
        }
        let answer = exchange.answer.clone().unwrap_or_else(|| Err("no answer".to_owned())).map_err(std::io::Error::other)?;
        match answer.status().as_u16() {
            200..300 => Ok(answer),
            401 => Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, AuthenticationRequired::default())),
            status => Err(std::io::Error::other(format!("Received HTTP status {status}"))),
        }
    }
}

impl Answer {
    fn cursor(&mut self) -> std::io::Result<&mut Cursor<Vec<u8>>> {
        if self.read.is_none() {
            let answer = self.exchange.answer()?;
            let bytes = match self.part {
                Part::Body => answer.body().to_vec(),
                Part::Headers => {
                    let lines = answer
                        .headers()
                        .iter()
                        .map(|(name, value)| [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\n"].concat());
                    lines.collect::<Vec<_>>().concat()
                }
            };
            self.read = Some(Cursor::new(bytes));
        }
        Ok(self.read.get_or_insert_default())
    }
}

impl Read for Answer {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.cursor()?.read(buffer)
    }
}

impl BufRead for Answer {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.cursor()?.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Some(read) = &mut self.read {
            read.consume(amount);
        }
    }
}

impl Write for Body {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).sent.extend_from_slice(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Http for Wired {
    type Headers = Answer;
    type ResponseBody = Answer;
    type PostBody = Body;

    fn get(
        &mut self,
        url: &str,
        _: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix::Result<GetResponse<Answer, Answer>> {
        let exchange = self.exchange("GET", url, headers);
        let part = |part| Answer { exchange: exchange.clone(), part, read: None };
        Ok(GetResponse { headers: part(Part::Headers), body: part(Part::Body) })
    }

    fn post(
        &mut self,
        url: &str,
        _: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _: PostBodyDataKind,
    ) -> gix::Result<PostResponse<Answer, Answer, Body>> {
        let exchange = self.exchange("POST", url, headers);
        let part = |part| Answer { exchange: exchange.clone(), part, read: None };
        Ok(PostResponse { headers: part(Part::Headers), body: part(Part::Body), post_body: Body(exchange.clone()) })
    }

    fn configure(&mut self, config: &dyn Any) -> gix::Result<()> {
        if let Some(options) = config.downcast_ref::<git_http::Options>() {
            self.extra.clone_from(&options.extra_headers);
        }
        Ok(())
    }
}
