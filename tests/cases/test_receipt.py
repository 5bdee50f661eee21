from __future__ import annotations

from bot.cases.receipt import LAST_MESSAGES, LONGEST_MESSAGE, build


def test_the_receipt_keeps_the_end_of_the_talk_and_why_the_search_abstained() -> None:
    talk = [{"from": "customer", "at": "t", "text": f"{n} " + "x" * 3000, "seq": n} for n in range(30)]
    kept = build([*talk, {"from": "bot", "text": ""}], {"question": "q", "reason": "low_probability", "secret": 1})
    assert kept["question"] == "q"
    assert "secret" not in kept
    assert len(kept["transcript"]) == LAST_MESSAGES
    assert kept["transcript"][-1]["text"].startswith("29 ")
    assert len(kept["transcript"][0]["text"]) == LONGEST_MESSAGE
    assert set(kept["transcript"][0]) == {"from", "at", "text"}


def test_halves_of_characters_do_not_reach_mail_and_webhook() -> None:
    kept = build([{"from": "customer", "at": "t", "text": "a\ud83d"}], {"question": "b\ude00"})
    assert (kept["transcript"][0]["text"], kept["question"]) == ("a?", "b?")


def test_a_case_without_a_question_has_only_the_talk() -> None:
    assert build([]) == {"transcript": []}
