//! Waiting for a due time, below a millisecond.
//!
//! The runtime's own timers have a grid of a millisecond, which would lie in every latency of a fast answer; spinning would take
//! the processor from the hall that is measured. On Linux a timer of the kernel wakes the lane (timerfd_create(2)): some ten
//! microseconds late on a quiet machine. What it was in a run is measured and told ([`super::tally::Tally::timer_lateness`]).

use crate::clock::Clock;
use std::io;
use std::time::Instant;

#[cfg(target_os = "linux")]
mod kernel {
    use super::{Clock, Instant, io};
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use std::os::fd::OwnedFd;
    use std::time::Duration;
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    /// A timer of the kernel; belongs to the runtime in which it was made.
    pub(in crate::load) struct Timer {
        descriptor: AsyncFd<OwnedFd>,
        clock: Clock,
    }

    impl Timer {
        #[expect(
            deprecated,
            reason = "its successor is an unsafe function, which this workspace forbids; the descriptor of an OwnedFd never changes"
        )]
        pub(in crate::load) fn new(clock: Clock) -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let descriptor = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            let descriptor = AsyncFd::with_interest(descriptor, Interest::READABLE)?;
            Ok(Self { descriptor, clock })
        }

        /// Returns when `at` has come; at once when it is past.
        pub(in crate::load) async fn until(&mut self, at: Instant) -> io::Result<()> {
            loop {
                let left = at.saturating_duration_since(self.clock.instant());
                if left.is_zero() {
                    return Ok(());
                }
                let once = Itimerspec {
                    it_interval: timespec(Duration::ZERO),
                    it_value: timespec(left),
                };
                timerfd_settime(self.descriptor.get_ref(), TimerfdTimerFlags::empty(), &once)?;
                let mut ready = self.descriptor.readable().await?;
                let mut expirations = [0; 8];
                // Not ready after all: armed anew for what is left.
                let _ = ready.try_io(|d| Ok(rustix::io::read(d.get_ref(), &mut expirations)?));
            }
        }
    }

    fn timespec(duration: Duration) -> Timespec {
        Timespec {
            tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: duration.subsec_nanos().into(),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod kernel {
    use super::{Clock, Instant, io};

    /// The runtime's timer, on its grid of a millisecond.
    pub(in crate::load) struct Timer {
        clock: Clock,
    }

    impl Timer {
        pub(in crate::load) fn new(clock: Clock) -> io::Result<Self> {
            Ok(Self { clock })
        }

        pub(in crate::load) async fn until(&mut self, at: Instant) -> io::Result<()> {
            if at > self.clock.instant() {
                tokio::time::sleep_until(at.into()).await;
            }
            Ok(())
        }
    }
}

pub(super) use kernel::Timer;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Never early; how late is the machine's word, and measured in each run.
    #[tokio::test]
    async fn a_due_time_is_never_early_and_a_past_one_is_now() {
        let clock = Clock::system();
        let mut timer = Timer::new(clock.clone()).unwrap();
        for micros in [0, 50, 400, 1_500, 3_000] {
            let due = clock.instant() + Duration::from_micros(micros);
            timer.until(due).await.unwrap();
            assert!(clock.instant() >= due);
        }
        let past = clock.instant();
        timer.until(past).await.unwrap();
    }
}
