//! From a seed to a script.

use driftless_simulator::When;

use crate::draw::Draw;
use crate::script::{Away, Cache, Change, Code, Edit, Script, Spelt, Step};
use crate::tree::{SLOTS, Slot};

/// Calls that go wrong.
const ACTIONS: [&str; 24] = [
    "*",
    "DescribeServices",
    "DescribeTaskDefinition",
    "ListTaskDefinitions",
    "RegisterTaskDefinition",
    "CreateService",
    "UpdateService",
    "DeleteService",
    "RunTask",
    "DescribeTasks",
    "TagResource",
    "DescribeStacks",
    "CreateChangeSet",
    "DescribeChangeSet",
    "ExecuteChangeSet",
    "DeleteStack",
    "GetResources",
    "PutObject",
    "HeadObject",
    "ListObjectsV2",
    "DeleteObject",
    "CreateDeployment",
    "BatchGetDeployments",
    "GetCallerIdentity",
];

/// The script of a seed.
pub fn script(seed: u64) -> Script {
    let mut draw = Draw::new(seed);
    let lag = if draw.once_in(3) { 5 } else { 0 };
    let spelling = *draw.one(&[Spelt::Plainly, Spelt::Plainly, Spelt::Known, Spelt::Invented]);
    let mut first: Vec<Change> = SLOTS.iter().filter(|_| !draw.once_in(2)).map(|slot| Change::Add(*slot)).collect();
    if first.is_empty() {
        first.push(Change::Add(*draw.one(&SLOTS)));
    }
    let mut steps = Vec::new();
    if draw.once_in(4) {
        steps.extend(SLOTS.iter().filter(|_| draw.once_in(3)).map(|slot| Step::Theirs(*slot)));
    }
    steps.extend([Step::Commit(first), Step::Pass(30 + small(&mut draw, 70))]);
    let count = 5 + draw.number() % 8;
    for _ in 0..count {
        steps.push(step(&mut draw));
        if !draw.once_in(4) {
            steps.push(Step::Pass(small(&mut draw, 100)));
        }
    }
    Script { seed, lag, spelling, steps }
}

fn small(draw: &mut Draw, below: u64) -> u16 {
    (draw.number() % below) as u16 + 1
}

fn step(draw: &mut Draw) -> Step {
    match draw.number() % 116 {
        0..28 => {
            let count = 1 + draw.number() % 3;
            Step::Commit((0..count).map(|_| change(draw)).collect())
        }
        28..32 => Step::Revert,
        32..35 => Step::ForcePush(1 + (draw.number() % 3) as u8),
        35..45 => Step::Console(*draw.one(&SLOTS), *draw.one(&[Edit::Simple, Edit::Simple, Edit::Hard, Edit::Force])),
        45..58 => fault(draw),
        58..59 => Step::ClearFaults,
        59..70 => Step::Kill { request: 1 + (draw.number() % 40) as u8, effect: draw.once_in(2) },
        70..78 => {
            let halved = (draw.number() % 6) as u8;
            Step::Restart(*draw.one(&[Cache::Kept, Cache::Kept, Cache::Wiped, Cache::Halved(halved)]))
        }
        78..81 => Step::Stop,
        81..86 => Step::Second { minutes: *draw.one(&[1, 5, 30]) },
        86..87 => Step::EndSecond,
        87..91 => Step::Apply,
        91..93 => Step::GitLab(away(draw)),
        93..97 => Step::Git(away(draw)),
        97..98 => Step::Skip(*draw.one(&[61, 400, 3_700])),
        98..101 => Step::Theirs(*draw.one(&SLOTS)),
        101..104 => Step::Quota { action: ACTIONS[draw.number() as usize % ACTIONS.len()], seconds: small(draw, 400) },
        104..107 => Step::StackFails { update: draw.once_in(2), times: 1 + (draw.number() % 2) as u8 },
        107..110 => {
            let status = *draw.one(&[403, 404, 409, 422, 429, 500, 503]);
            Step::GitLabRefuses { status, times: 1 + (draw.number() % 8) as u8 }
        }
        110..113 => Step::GitBreaks { after: (draw.number() % 7) as u8, times: 1 + (draw.number() % 6) as u8 },
        113..115 => Step::Replica((draw.number() % 3) as u8),
        _ => Step::Pass(small(draw, 600)),
    }
}

fn away(draw: &mut Draw) -> Away {
    *draw.one(&[Away::No, Away::Refusing, Away::Breaking, Away::Hanging])
}

fn fault(draw: &mut Draw) -> Step {
    let when =
        *draw.one(&[When::Before, When::Before, When::After, When::CloseBefore, When::LostAnswer, When::Hang, When::HangAfter]);
    Step::Fault {
        action: ACTIONS[draw.number() as usize % ACTIONS.len()],
        when,
        code: *draw.one(&[Code::Throttle, Code::Server, Code::Server, Code::Denied]),
        after: (draw.number() % 4) as u8,
        times: 1 + (draw.number() % 3) as u8,
    }
}

fn change(draw: &mut Draw) -> Change {
    let slot = *draw.one(&SLOTS);
    match draw.number() % 24 {
        0..4 => Change::Add(slot),
        4..9 => Change::Edit(slot),
        9..11 => Change::Remove(slot),
        11..13 => Change::Crash(slot),
        13..15 => Change::Scale(slot, (draw.number() % 3) as u8),
        15..17 => Change::Extra(slot),
        17 => Change::Secret(Slot::Network),
        18..20 => Change::Remove(slot),
        20 => Change::Rename(slot),
        21 => Change::MoveFile(slot),
        22 => Change::Move(slot),
        _ => *draw.one(&[Change::Break, Change::Mend]),
    }
}
