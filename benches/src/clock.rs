//! CPU clocks of threads, and pinning threads to cores.

use std::time::Duration;

/// CPU time of this thread: unlike the wall clock it leaves out the time other processes hold the core.
pub fn cpu_time() -> Duration {
    read(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// CPU time of another thread, which must not have been joined.
pub fn thread_cpu_time(thread: libc::pthread_t) -> Duration {
    let mut id = 0;
    // SAFETY: the thread has not been joined, and `id` is a valid place for the result.
    let failed = unsafe { libc::pthread_getcpuclockid(thread, &mut id) };
    assert_eq!(failed, 0, "the thread has no CPU clock");
    read(id)
}

/// CPU time of another process, user and system, of all its threads.
pub fn process_cpu_time(process: u32) -> Duration {
    let mut id = 0;
    // SAFETY: `id` is a valid place for the result.
    let failed = unsafe { libc::clock_getcpuclockid(process as libc::pid_t, &mut id) };
    assert_eq!(failed, 0, "the process has no CPU clock");
    read(id)
}

/// Time since the machine started: the same in all processes.
pub fn machine_time() -> Duration {
    read(libc::CLOCK_MONOTONIC)
}

fn read(id: libc::clockid_t) -> Duration {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `t` is a valid place for the result.
    unsafe { libc::clock_gettime(id, &mut t) };
    Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
}

/// Pins the calling thread to one core (best effort; on a single-core machine it does nothing).
pub fn pin(core: usize) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // SAFETY: an all-zero cpu_set_t is valid, and `core % cores` is in its range.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core % cores, &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &set);
    }
}
