//! Connections: so many at once, each with a deadline for its headers, and none that holds up the end.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// Connections at once; the next one waits until one is closed.
const MOST: usize = 1024;
/// How long a client may take to send its headers; an idle connection is closed after it, too.
const HEADERS_WITHIN: Duration = Duration::from_secs(20);
/// How long answers under way may go on once the agent stops.
const GRACE: Duration = Duration::from_secs(1);

/// Serves until `stopped` ends and the answers under way have gone out.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let seats = Arc::new(Semaphore::new(MOST));
    let (stop, stopping) = watch::channel(false);
    let mut open = JoinSet::new();
    let mut stopped = std::pin::pin!(stopped);
    loop {
        let seat = seats.clone().acquire_owned();
        let stream = tokio::select! {
            () = &mut stopped => break,
            stream = async { (seat.await, listener.accept().await) } => stream,
        };
        while open.try_join_next().is_some() {}
        match stream {
            (Ok(seat), Ok((stream, _))) => {
                let conversation = converse(stream, router.clone(), stopping.clone());
                open.spawn(async move {
                    conversation.await;
                    drop(seat);
                });
            }
            // One client's fault, or no file descriptor left: the next may fare better.
            (_, Err(_)) => tokio::time::sleep(Duration::from_millis(50)).await,
            (Err(_), Ok(_)) => break,
        }
    }
    drop(listener);
    let _ = stop.send(true);
    let _ = tokio::time::timeout(GRACE, async { while open.join_next().await.is_some() {} }).await;
    Ok(())
}

/// One connection until it is closed. A client's faults are its own: nobody is told.
async fn converse(stream: TcpStream, router: Router, mut stopping: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN).max_buf_size(64 << 10);
    let service = TowerToHyperService::new(router);
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}
