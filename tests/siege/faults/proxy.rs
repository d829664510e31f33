//! What lies between a server and its database, and can go wrong.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// How it is with the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Open.
    Open,
    /// Every connection is closed at once, old and new.
    Closed,
    /// Nothing arrives, and nobody is told.
    Silent,
    /// What the server says arrives; what the database answers does not.
    Deaf,
    /// As [`Way::Silent`], and who was or gets connected now will never hear anything again: the machine is gone.
    Lost,
    /// Everything takes so long.
    Slow(Duration),
}

/// The way to a database at an address; it listens on a port of its own.
pub(super) struct Proxy {
    pub(super) port: u16,
    way: watch::Sender<Way>,
}

impl Proxy {
    pub(super) async fn to(database: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (way, told) = watch::channel(Way::Open);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry(near, database.clone(), told.clone()));
            }
        });
        Self { port, way }
    }

    pub(super) fn is(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// Closes every connection; new ones are good.
    pub(super) async fn cut(&self) {
        self.is(Way::Closed);
        // everybody has seen it
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.is(Way::Open);
    }
}

async fn carry(near: TcpStream, database: String, told: watch::Receiver<Way>) {
    if *told.borrow() == Way::Closed {
        return;
    }
    let Ok(far) = TcpStream::connect(database).await else { return };
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    let (mut closed, mut lost) = (told.clone(), told.clone());
    let pumps = async {
        tokio::select! {
            () = pump(near_in, far_out, told.clone(), false) => {}
            () = pump(far_in, near_out, told, true) => {}
        }
    };
    let lost = async {
        let _is_lost = lost.wait_for(|way| *way == Way::Lost).await.is_ok();
    };
    // not carried on, it still holds both ends, which therefore stay open
    tokio::pin!(pumps);
    let end = async {
        tokio::select! {
            () = &mut pumps => {}
            () = lost => std::future::pending().await,
        }
    };
    tokio::select! {
        () = end => {}
        _ = closed.wait_for(|way| *way == Way::Closed) => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut told: watch::Receiver<Way>, is_answer: bool) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let now = *told.borrow();
        if let Way::Slow(delay) = now {
            tokio::time::sleep(delay).await;
        }
        let holds = |way: &Way| matches!(way, Way::Silent | Way::Lost) || (is_answer && *way == Way::Deaf);
        if told.wait_for(|way| !holds(way)).await.is_err() || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
