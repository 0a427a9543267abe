use std::time::Duration;

use longwave_backpressure::guard::Guard;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

async fn socket() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (listener.accept().await.unwrap().0, client)
}

#[tokio::test]
async fn the_kernel_is_told() {
    let (server, _client) = socket().await;
    let guarded = Guard::new().user_timeout(Some(Duration::from_secs(7))).unsent(Some(1000)).wrap(server);
    let socket = SockRef::from(guarded.get_ref());
    assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
    #[cfg(target_os = "linux")]
    {
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(30));
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(7)));
        assert_eq!(socket.tcp_notsent_lowat().unwrap(), 1000);
    }
}

#[tokio::test]
async fn the_kernel_is_left_alone_if_asked() {
    let (server, _client) = socket().await;
    let guarded = Guard::new().user_timeout(None).unsent(None).keep_alive(None).wrap(server);
    let socket = SockRef::from(guarded.get_ref());
    assert!(!socket.keepalive().unwrap());
    #[cfg(target_os = "linux")]
    assert_eq!(socket.tcp_user_timeout().unwrap(), None);
}
