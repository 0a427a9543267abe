//! Opens a WebSocket through TLS (`wss`), here to a server in the same process whose certificate was made at start.
//!
//! ```text
//! cargo run -p longwave-ws-hyper --example wss_client
//! ```

use std::{convert::Infallible, error::Error, future::ready, io, sync::Arc};

use http::{Request, Response, Uri};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use longwave_ws_hyper::{
    Message,
    client::{self, Options},
    server, upgrade,
};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName},
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let uri: Uri = format!("wss://localhost:{}/", listener.local_addr()?.port()).parse()?;
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    tokio::spawn(serve(listener, made.cert.der().clone(), key));

    // Only this one certificate is trusted; a client for the web trusts `webpki-roots`, or those of the system.
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone())?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();

    let host = uri.host().unwrap_or_default().to_owned();
    let tcp = TcpStream::connect((host.as_str(), uri.port_u16().unwrap_or(443))).await?;
    tcp.set_nodelay(true)?;
    let tls = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(host)?, tcp).await?;
    let (mut socket, _response) = client::http1(tls, &uri, &Options::new()).await?;

    socket.send("hello through TLS").await?;
    if let Some(Message::Text(text)) = socket.recv().await.transpose()? {
        println!("{text}");
    }
    socket.close(None).await?;
    Ok(())
}

/// Echoes, for each that connects.
async fn serve(
    listener: TcpListener,
    certificate: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
) -> io::Result<()> {
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key.into()))
        .map_err(io::Error::other)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    loop {
        let tls = acceptor.accept(listener.accept().await?.0).await?;
        let service = service_fn(|request| ready(Ok::<_, Infallible>(answer(request))));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(tls), service).with_upgrades());
    }
}

fn answer(mut request: Request<Incoming>) -> Response<String> {
    let (response, upgrading) = match upgrade(&mut request, &server::Options::new()) {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.response(),
    };
    tokio::spawn(async move {
        let mut socket = upgrading.await?;
        while let Some(message) = socket.recv().await.transpose()? {
            match message {
                Message::Close(_) => {}
                message => socket.send(message).await?,
            }
        }
        Ok::<_, Box<dyn Error + Send + Sync>>(())
    });
    response
}
