//! For a minute after our own write, an answer may be from before it: until then nothing is done by what it does not show.

use crate::plan_world::*;
use driftless_core::plan::{Context, Verdict};

#[test]
fn a_service_that_does_not_show_yet_is_not_created_twice() {
    let resource = web(task(), service());
    let world = World { now: 1000.0, ..World::default() };
    let look = |wrote: Option<f64>| world.look(&resource, &Context { last_write: wrote, ..context() });
    for wrote in [Some(940.1), Some(1000.0)] {
        let plan = look(wrote);
        assert!(plan.is_empty() && matches!(plan.verdict, Verdict::Unknown { .. }), "{wrote:?}: {plan:?}");
    }
    for wrote in [Some(940.0), Some(900.0), None] {
        assert_eq!(actions(&look(wrote)), ["RegisterTaskDefinition", "CreateService"], "{wrote:?}");
    }
}
