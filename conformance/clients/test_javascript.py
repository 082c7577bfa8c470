"""The AWS SDK for JavaScript: its waiters, and its idea of the time."""


def test_waiters_end_and_a_refused_call_is_sent_once(node):
    said = node("waiters.cjs")
    assert said["states"] == ["SUCCESS"] * 4
    assert (said["refused"], said["attempts"]) == ("ServiceNotFoundException", 1)
    assert said["offset"] < 300_000, "milliseconds that the SDK corrects its clock by"
