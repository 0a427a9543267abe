//! Servers on a thread and core of their own, for the workloads that go over loopback TCP: a run yields the
//! time by the wall clock, and the CPU time (user and system) of the server's thread, which other load on the
//! machine hardly disturbs.

use crate::{
    bench::Participant,
    clock::{pin, thread_cpu_time},
};
use futures::future::BoxFuture;
use std::{
    cell::RefCell, net::SocketAddr, os::unix::thread::JoinHandleExt, rc::Rc, thread::JoinHandle,
    time::Duration,
};
use tokio::{net::TcpStream, sync::oneshot};

/// A tokio runtime on a thread pinned to core 0 that hands every connection to `handler`, until dropped.
pub struct Server {
    pub addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(handler: impl Fn(TcpStream) -> BoxFuture<'static, ()> + Send + 'static) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (ready, addr) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            pin(0);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
                ready.send(listener.local_addr().unwrap()).unwrap();
                let accept = async {
                    loop {
                        let (io, _) = listener.accept().await.unwrap();
                        io.set_nodelay(true).unwrap();
                        tokio::spawn(handler(io));
                    }
                };
                tokio::select! { () = accept => {}, _ = stopped => {} }
            });
        });
        Server { addr: addr.recv().unwrap(), stop: Some(stop), thread: Some(thread) }
    }

    /// What the server's thread has used so far.
    pub fn cpu_time(&self) -> Duration {
        thread_cpu_time(self.thread.as_ref().expect("the server runs").as_pthread_t())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().unwrap().join();
    }
}

/// Nanoseconds per operation.
pub struct Cost {
    pub wall: f64,
    pub cpu: f64,
}

impl Cost {
    pub fn per(operations: f64, wall: Duration, cpu: Duration) -> Self {
        let per = |spent: Duration| spent.as_nanos() as f64 / operations;
        Cost { wall: per(wall), cpu: per(cpu) }
    }
}

/// The CPU costs that the participants' runs leave behind, by name, for a second table.
#[derive(Clone, Default)]
pub struct CpuCosts(Rc<RefCell<Vec<Costs>>>);

type Costs = (String, Vec<f64>);

impl CpuCosts {
    fn add(&self, name: &str, cost: f64) {
        let mut all = self.0.borrow_mut();
        match all.iter_mut().find(|(n, _)| n == name) {
            Some((_, costs)) => costs.push(cost),
            None => all.push((name.into(), vec![cost])),
        }
    }

    pub fn into_participants(self) -> Vec<Participant<'static>> {
        let replay = |(name, costs): Costs| {
            let mut costs = costs.into_iter();
            Participant { name, sample: Box::new(move || costs.next().expect("one cost per round")) }
        };
        self.0.take().into_iter().map(replay).collect()
    }
}

/// A participant that starts a server, and puts `load` on it from a thread pinned to core 1. The first run
/// only verifies: `load`'s second argument is true. The samples are wall-clock costs; the server's CPU costs
/// go to `costs`.
pub fn participant<'a>(
    name: String,
    costs: &CpuCosts,
    handler: impl Fn(TcpStream) -> BoxFuture<'static, ()> + Clone + Send + 'static,
    load: impl Fn(&Server, bool) -> Cost + Sync + 'a,
) -> Participant<'a> {
    let (label, costs, mut verified) = (name.clone(), costs.clone(), false);
    let sample = move || {
        let run = |verify| {
            let server = Server::start(handler.clone());
            // A thread of its own, so that pinning it does not bind the caller.
            let run = std::thread::scope(|s| {
                let load = s.spawn(|| {
                    pin(1);
                    load(&server, verify)
                });
                load.join()
            });
            run.unwrap_or_else(|_| panic!("{label}: the load generator failed"))
        };
        if !verified {
            run(true);
            verified = true;
        }
        let cost = run(false);
        costs.add(&label, cost.cpu);
        cost.wall
    };
    Participant { name, sample: Box::new(sample) }
}
