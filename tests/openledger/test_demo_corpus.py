"""The demo's story stands on the corpus: every reworded question names a pair that its topic really holds."""

from openledger.demo.corpus import TOPICS, read_pairs, read_questions


def test_questions__cover_every_topic_and_some_that_nobody_covers() -> None:
    questions = read_questions()
    covered = [question for question in questions if question.topic]
    assert len(covered) >= 24
    assert {question.topic for question in covered} == set(TOPICS)
    assert len(questions) - len(covered) >= 3
    assert any(not question.is_public for question in questions)


def test_questions__are_drawn_from_a_contributed_pair_in_other_words() -> None:
    known = {topic: {pair.question.lower() for pair in read_pairs(topic)} for topic in TOPICS}
    for question in read_questions():
        if question.topic is None:
            assert question.source is None
            continue
        assert question.source in known[question.topic], question
        assert question.prompt.lower() != question.source
