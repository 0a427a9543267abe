use futures_util::{SinkExt, StreamExt};
use longwave_ws_hyper::{
    CloseCode, CloseFrame, Error, Last, Limits, Message, Prepared, SendError, WebSocket,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use crate::support::{frame, pair, poll_once, quiet};

#[tokio::test(start_paused = true)]
async fn messages_of_every_kind_arrive() {
    let [mut client, mut server] = pair(&quiet().limits(Limits::new().frame(1 << 24).message(1 << 24)));
    let server = tokio::spawn(async move {
        while let Some(Ok(message)) = server.next().await {
            if !matches!(message, Message::Close(_)) {
                SinkExt::send(&mut server, message).await.unwrap();
            }
        }
    });
    let large = Message::binary(vec![3; 16 << 20]);
    let messages = [Message::text("é".repeat(70_000)), Message::binary(""), large.clone()];
    for message in &messages {
        client.send(message.clone()).await.unwrap();
        assert!(client.recv().await.unwrap().unwrap() == *message);
    }
    client.send_prepared(&Prepared::new(&Message::text("to many")).unwrap()).await.unwrap();
    client.send_uncompressed("a secret").await.unwrap();
    client.ping(b"are you there").await.unwrap();
    for expected in ["to many", "a secret"] {
        assert_eq!(client.recv().await.unwrap().unwrap().as_text(), Some(expected));
    }
    client.send_text_fragment("in ", Last::No).await.unwrap();
    assert!(matches!(client.send("between").await, Err(Error::Send(SendError::MessageBegun))));
    client.send_text_fragment("parts", Last::Yes).await.unwrap();
    assert_eq!(client.recv().await.unwrap().unwrap().as_text(), Some("in parts"));
    client.close(CloseFrame::new(CloseCode::GOING_AWAY).with_reason("enough")).await.unwrap();
    assert!(matches!(client.send("late").await, Err(Error::Send(SendError::Closing))));
    server.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_large_message_can_be_read_in_parts() {
    let [mut client, mut server] = pair(&quiet().limits(Limits::new().frame(1 << 24).message(1 << 24)));
    let sending = tokio::spawn(async move {
        client.send(vec![5; 4 << 20]).await.unwrap();
        client.send("next").await.unwrap();
        client.send("after").await.unwrap();
        client.recv().await
    });
    let (mut len, mut parts) = (0, 0);
    loop {
        let part = server.recv_part().await.unwrap().unwrap();
        assert!(part.data.len() <= 64 * 1024);
        (len, parts) = (len + part.data.len(), parts + 1);
        if part.last {
            break;
        }
    }
    assert_eq!(len, 4 << 20);
    assert!(parts >= 64);
    assert_eq!(server.recv().await.unwrap().unwrap().as_text(), Some("next"));
    let part = server.recv_part().await.unwrap().unwrap();
    assert!(part.last && part.data == "after");
    server.close(None).await.unwrap();
    assert!(matches!(sending.await.unwrap(), Some(Ok(Message::Close(None)))));
}

#[tokio::test(start_paused = true)]
async fn it_gives_the_connection_away_with_what_was_read() {
    let (mut peer, io) = duplex(4096);
    let mut socket = WebSocket::server(io, &quiet());
    peer.write_all(&[frame(1, b"for the socket"), b"for another protocol".to_vec()].concat()).await.unwrap();
    assert_eq!(socket.recv().await.unwrap().unwrap().as_text(), Some("for the socket"));
    let (mut io, unread) = socket.into_inner().unwrap();
    assert_eq!(unread, "for another protocol");
    io.write_all(b"hello").await.unwrap();
    let mut hello = [0; 5];
    peer.read_exact(&mut hello).await.unwrap();
}

#[test]
fn without_a_runtime_it_works_too() {
    let (near, far) = duplex(4096);
    let mut client = WebSocket::client(near, &quiet());
    let mut server = WebSocket::server(far, &quiet());
    for _ in 0..3 {
        poll_once(client.send("hello")).unwrap().unwrap();
    }
    for _ in 0..3 {
        let message = poll_once(server.recv()).unwrap().unwrap().unwrap();
        poll_once(server.send(message)).unwrap().unwrap();
    }
    for _ in 0..3 {
        assert_eq!(poll_once(client.recv()).unwrap().unwrap().unwrap().as_text(), Some("hello"));
    }
}
