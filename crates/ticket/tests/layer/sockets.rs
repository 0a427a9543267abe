//! On real connections, over both versions of HTTP.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Extension, Router, extract::ws, response::Response, routing::{any, get}};
use futures_util::FutureExt;
use http::{HeaderValue, Request, Uri, header};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use longwave_backpressure::guard::Guard;
use longwave_ticket::{
    Audience, Binding, Context, Issuer, KeyRing, MemoryStore, Purpose, Verifier,
    http::{Origins, RedactLayer, TicketLayer},
    live::{Close, Selector, Session, Sessions},
};
use longwave_ws_hyper::{CloseCode, Message, WebSocket, WebSocketUpgrade, client};
use tokio::{net::{TcpListener, TcpStream}, sync::mpsc, task::JoinHandle, time::timeout};

use crate::support::{User, ann, next_id};
