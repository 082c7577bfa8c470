//! `kill -9` of the agent while a call of its hangs: before the call has its effect, or after it, with the answer lost.

use driftless_simulator::{Fault, When};

use crate::world::World;

/// Kills the agent while this call hangs, and starts another.
pub async fn kill_at(world: &World, action: &str, when: When) -> tokio::process::Child {
    die_at(world, action, when).await;
    world.agent_process()
}

/// Kills the agent while the first call of this kind hangs.
pub async fn die_at(world: &World, action: &str, when: When) {
    die_at_nth(world, action, 1, when).await;
}

/// Kills the agent while the call of this kind and number hangs.
pub async fn die_at_nth(world: &World, action: &str, nth: u64, when: When) {
    let mut fired = world.simulator.fault_fired();
    fired.mark_unchanged();
    world.simulator.add_fault(Fault { action: action.into(), nth: Some(nth), when, times: Some(1), ..Fault::default() });
    let mut agent = world.agent_process();
    tokio::time::timeout(std::time::Duration::from_secs(60), fired.changed())
        .await
        .unwrap_or_else(|_| panic!("the agent never called {action}: {}", world.logged()))
        .expect("the simulator lives");
    agent.kill().await.expect("killed");
    world.simulator.clear_faults();
}

/// One test for each call and moment, so that a failure names them.
macro_rules! killed {
    ($($name:ident: $journey:ident, $action:literal $(nth $nth:literal)?, $when:ident;)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            $journey($action, $($nth,)? When::$when).await;
        })*
    };
}
pub(crate) use killed;
