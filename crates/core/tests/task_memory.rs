//! Which revisions of a family are read before anything is run, and what stays known of them.

use driftless_core::observed::TaskMemory;
use driftless_core::plan::task::memory::{Answers, Family, INDEXED_AFTER, Kept, Known, NEWEST};
use serde_json::{Value, json};

const NOW: f64 = 1_000_000.0;

/// DescribeTaskDefinition's answer: its state, how long ago it was written last, whether it has a record.
fn answer(status: &str, ago: f64, record: bool) -> Value {
    let times = if status == "ACTIVE" { "registeredAt" } else { "deregisteredAt" };
    let key = if record { "driftless:run/0123456789abcdef/0123456789abcdef" } else { "team" };
    json!({"taskDefinition": {"status": status, times: NOW - ago}, "tags": [{"key": key, "value": "succeeded"}]})
}

fn family(active: &[u64], others: &[u64], named: Option<&[u64]>) -> Family {
    Family { active: active.to_vec(), others: others.to_vec(), named: named.map(<[u64]>::to_vec), now: NOW }
}

/// Numbers from `first` down to 1.
fn down_from(first: u64) -> Vec<u64> {
    (1..=first).rev().collect()
}

fn old(numbers: impl IntoIterator<Item = u64>) -> Answers {
    numbers.into_iter().map(|number| (number, Some(answer("ACTIVE", 2.0 * INDEXED_AFTER, false)))).collect()
}

fn gone(numbers: impl IntoIterator<Item = u64>) -> Answers {
    numbers.into_iter().map(|number| (number, None)).collect()
}

#[test]
fn what_stays_known_of_a_revision_is_what_can_change_no_more() {
    // Thirty revisions: the ten newest may get a record, the others only until the index knows of it.
    let family = family(&down_from(30), &[], Some(&[]));
    let (young, settled) = (INDEXED_AFTER - 1.0, INDEXED_AFTER);
    let bare = Some(Kept::Bare);
    let whole = |answer: &Value| Some(Kept::Answer(Box::new(answer.clone())));
    let rows = [
        // An ACTIVE one with a record is read again whatever its age and its place.
        (1, answer("ACTIVE", young, true), Some(Kept::Records)),
        (1, answer("ACTIVE", settled, true), Some(Kept::Records)),
        (30, answer("ACTIVE", settled, true), Some(Kept::Records)),
        // One without gets none once it is neither among the newest nor young.
        (20, answer("ACTIVE", settled, false), bare.clone()),
        (20, answer("ACTIVE", young, false), None),
        (21, answer("ACTIVE", settled, false), None),
        // Nobody tags an INACTIVE one; what was written just before that may still show.
        (20, answer("INACTIVE", settled, false), bare.clone()),
        (20, answer("INACTIVE", young, false), None),
        (21, answer("INACTIVE", settled, true), None),
    ];
    for (number, answer, kept) in rows {
        assert_eq!(family.keep(number, &answer), kept, "{number}: {answer}");
    }
    let inactive = answer("INACTIVE", settled, true);
    assert_eq!(family.keep(20, &inactive), whole(&inactive));
    // Without a time: what is ACTIVE may be young, what is not is settled.
    assert_eq!(family.keep(20, &json!({"taskDefinition": {"status": "ACTIVE"}})), None);
    assert_eq!(family.keep(20, &json!({"taskDefinition": {"status": "INACTIVE"}})), bare);
    // A server that names no state has no other.
    assert_eq!(family.keep(20, &json!({"taskDefinition": {"registeredAt": NOW - settled}})), bare);
    assert_eq!(family.keep(20, &json!({"taskDefinition": {"deregisteredAt": NOW - settled}})), None);
}

#[test]
fn what_is_among_the_newest_again_is_known_no_more() {
    let mut known: Known = (1..=12).map(|number| (number, Kept::Bare)).collect();
    family(&down_from(12), &[], Some(&[])).forget(&mut known);
    assert_eq!(known.keys().copied().collect::<Vec<_>>(), [1, 2]);
    family(&[2], &[1], Some(&[])).forget(&mut known);
    assert_eq!(known.keys().copied().collect::<Vec<_>>(), [1]);
}

#[test]
fn the_newest_are_read_and_as_many_more_as_are_young() {
    let family = family(&down_from(40), &[], Some(&[]));
    let known = Known::new();
    let now = |read: &Answers, known: &Known| family.next(read, known).now;
    let newest: Vec<u64> = (31..=40).rev().collect();
    assert_eq!((now(&Answers::new(), &known), family.next(&Answers::new(), &known).rest), (newest, vec![]));
    // Ten that are old enough: nothing more.
    assert_eq!(now(&old(31..=40), &known), Vec::<u64>::new());
    // Three of them are young, or cannot be dated: three more are needed, and ten are asked for at a time.
    let mut read = old(31..=40);
    for number in [34, 37] {
        read.insert(number, Some(answer("ACTIVE", INDEXED_AFTER - 1.0, false)));
    }
    read.insert(40, Some(json!({"taskDefinition": {}})));
    assert_eq!(now(&read, &known), (21..=30).rev().collect::<Vec<_>>());
    read.extend(old(28..=30));
    assert_eq!(now(&read, &known), Vec::<u64>::new());
    // What is known for good counts as read and old; so does what is gone.
    let known: Known = (31..=35).map(|number| (number, Kept::Bare)).collect();
    assert_eq!(now(&old(36..=40), &known), Vec::<u64>::new());
    assert_eq!(now(&old(37..=40), &known), [36, 30, 29, 28, 27, 26, 25, 24, 23, 22]);
    // An hour to the second is old.
    let mut read = old(31..=40);
    read.insert(40, Some(answer("ACTIVE", INDEXED_AFTER, false)));
    assert_eq!(now(&read, &Known::new()), Vec::<u64>::new());
}

#[test]
fn what_may_have_a_record_is_read_again_and_the_rest_as_far_as_there_is_room() {
    let known: Known = [(3, Kept::Records), (5, Kept::Bare), (2, Kept::Records)].into();
    // The index names 7, which is INACTIVE.
    let asked = family(&down_from(4), &[8, 7, 6, 5], Some(&[7]));
    let next = asked.next(&Answers::new(), &known);
    assert_eq!((next.now, next.rest), (vec![7, 4, 3, 2, 1], vec![8, 6]));
    let next = asked.next(&old([7, 3, 2]), &known);
    assert_eq!((next.now, next.rest), (vec![4, 1], vec![8, 6]));
    // Where the index cannot be asked, the ACTIVE ones are read like the INACTIVE ones.
    let alone = family(&down_from(15), &[16], None);
    let next = alone.next(&Answers::new(), &Known::new());
    assert_eq!((next.now, next.rest), ((6..=15).rev().collect(), vec![16, 5, 4, 3, 2, 1]));
    // A gap is asked for by its numbers, the ten highest of them.
    let gap = family(&[30, 2], &[], Some(&[]));
    assert_eq!(gap.next(&old([30, 2]), &Known::new()).now, (20..=29).rev().collect::<Vec<_>>());
    let mut read = old([30, 2]);
    read.extend(gone(20..=29));
    assert_eq!(gap.next(&read, &Known::new()), Default::default());
}

#[test]
fn a_gap_is_told_where_it_is_newest_and_what_the_index_lost_by_its_number() {
    let whole = |newest: u64, gap: Option<(u64, u64)>, lost: Option<u64>| TaskMemory::Whole { newest, gap, lost };
    let rows = [
        (family(&[3, 2, 1], &[], Some(&[])), Answers::new(), whole(3, None, None)),
        (family(&[], &[], None), Answers::new(), whole(0, None, None)),
        (family(&[3], &[2, 1], Some(&[])), Answers::new(), whole(3, None, None)),
        (family(&[4, 1], &[], Some(&[])), Answers::new(), whole(4, Some((2, 3)), None)),
        (family(&[3, 2], &[], Some(&[])), Answers::new(), whole(3, Some((1, 1)), None)),
        // Of two gaps the newest.
        (family(&[9, 6, 5, 2, 1], &[], Some(&[])), Answers::new(), whole(9, Some((7, 8)), None)),
        // A revision that a list does not have, and that was read, is no gap; one that was listed, and is gone, is one.
        (family(&[4, 1], &[], Some(&[])), old([2, 3]), whole(4, None, None)),
        (family(&[4, 3, 2, 1], &[], Some(&[])), gone([3]), whole(4, Some((3, 3)), None)),
        (family(&[3], &[2, 1], Some(&[])), gone([2]), whole(3, Some((2, 2)), None)),
        // What the index names and AWS does not show any more is lost; the newest of them is told.
        (family(&[4], &[], Some(&[2, 3])), gone([1, 2, 3]), whole(4, Some((1, 3)), Some(3))),
        (family(&[4, 3, 1], &[], Some(&[2])), gone([2]), whole(4, Some((2, 2)), Some(2))),
        (family(&[4, 3, 2, 1], &[], Some(&[2])), old([2]), whole(4, None, None)),
        (family(&[4, 3, 1], &[], None), gone([2]), whole(4, Some((2, 2)), None)),
        // The index may know a newer one than the lists.
        (family(&[2, 1], &[], Some(&[3])), old([3]), whole(3, None, None)),
    ];
    for (family, read, memory) in rows {
        assert_eq!(family.memory(&read), memory, "{family:?}");
    }
    assert_eq!(NEWEST, 10, "the numbers above");
}
