//! As much of HTTP/1.1 as an opening handshake takes.
#![allow(dead_code, reason = "the server reads requests only, and the client responses")]

use std::io;

use bytes::{Buf, BytesMut};
use http::{HeaderMap, Request, Response, Version};
use httparse::{Header, Status};
use tokio::{io::AsyncReadExt, net::TcpStream};

/// Reads the head of a request. What has come behind it already belongs to the WebSocket, and is returned too.
pub(crate) async fn read_request(stream: &mut TcpStream) -> io::Result<(Request<()>, BytesMut)> {
    read_head(stream, |bytes, fields| {
        let mut head = httparse::Request::new(fields);
        let Status::Complete(len) = head.parse(bytes).map_err(io::Error::other)? else {
            return Ok(None);
        };
        let request = Request::builder().method(head.method.unwrap_or_default());
        let request = request.uri(head.path.unwrap_or_default()).version(version(head.version));
        let fields = head.headers.iter();
        let request = fields.fold(request, |request, field| request.header(field.name, field.value));
        Ok(Some((request.body(()).map_err(io::Error::other)?, len)))
    })
    .await
}

/// Reads the head of a response, as [`read_request`] reads that of a request.
pub(crate) async fn read_response(stream: &mut TcpStream) -> io::Result<(Response<()>, BytesMut)> {
    read_head(stream, |bytes, fields| {
        let mut head = httparse::Response::new(fields);
        let Status::Complete(len) = head.parse(bytes).map_err(io::Error::other)? else {
            return Ok(None);
        };
        let response =
            Response::builder().status(head.code.unwrap_or_default()).version(version(head.version));
        let fields = head.headers.iter();
        let response = fields.fold(response, |response, field| response.header(field.name, field.value));
        Ok(Some((response.body(()).map_err(io::Error::other)?, len)))
    })
    .await
}

/// Reads until `parse` has found the end of the head, for as long as there is room for it.
async fn read_head<T>(
    stream: &mut TcpStream,
    parse: impl for<'b> Fn(&'b [u8], &mut [Header<'b>]) -> io::Result<Option<(T, usize)>>,
) -> io::Result<(T, BytesMut)> {
    let mut bytes = BytesMut::with_capacity(MAX_HEAD);
    loop {
        if bytes.len() >= MAX_HEAD {
            return Err(io::Error::other("the head is too long"));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some((head, len)) = parse(&bytes, &mut [httparse::EMPTY_HEADER; MAX_FIELDS])? {
            bytes.advance(len);
            return Ok((head, bytes));
        }
    }
}

/// Writes out the head of a request.
pub(crate) fn request_head(request: &Request<()>) -> Vec<u8> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    head(format!("{} {target} HTTP/1.1\r\n", request.method()), request.headers())
}

/// Writes out the head of a response.
pub(crate) fn response_head(response: &Response<()>) -> Vec<u8> {
    let status = response.status();
    let reason = status.canonical_reason().unwrap_or_default();
    head(format!("HTTP/1.1 {} {reason}\r\n", status.as_str()), response.headers())
}

fn head(first_line: String, fields: &HeaderMap) -> Vec<u8> {
    let mut head = first_line.into_bytes();
    for (name, value) in fields {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// Of the two versions that `httparse` lets through.
fn version(minor: Option<u8>) -> Version {
    if minor == Some(1) { Version::HTTP_11 } else { Version::HTTP_10 }
}

/// How long a head may be, in bytes.
const MAX_HEAD: usize = 8 * 1024;
/// How many fields it may have.
const MAX_FIELDS: usize = 64;
