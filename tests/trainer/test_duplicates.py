"""Near-duplicates: the earliest of a kind stays, whoever handed it in; different texts of one pattern all stay."""

from hypothesis import given
from hypothesis import strategies as st

from trainer.duplicates import are_near_duplicates, without_near_duplicates, words_of
from trainer.examples import Example

ORIGINAL = Example(1, 0, "what is chemistry", "the science of mixing chemicals and reading labels.")


def copy_of(example: Example, *, prompt: str, response: str) -> Example:
    return Example(example.contribution_id + 1, example.ordinal, prompt, response)


def test_copy__with_other_punctuation_case_and_a_contraction__is_left_out() -> None:
    edited = copy_of(ORIGINAL, prompt="What's chemistry?", response="The science of mixing chemicals & reading labels!")
    assert without_near_duplicates([ORIGINAL, edited]) == [ORIGINAL]
    assert without_near_duplicates([edited, ORIGINAL]) == [edited]


def test_same_pattern__about_another_thing__stays() -> None:
    sun = Example(1, 0, "how far is the sun", "the sun is about 93 million miles from earth.")
    moon = Example(1, 1, "how far is the moon", "the moon is about 250,000 miles from earth on average.")
    assert without_near_duplicates([sun, moon]) == [sun, moon]


def test_copy__within_one_contribution__is_left_out_too() -> None:
    again = Example(1, 1, ORIGINAL.prompt, ORIGINAL.response)
    assert without_near_duplicates([ORIGINAL, again]) == [ORIGINAL]


texts = st.lists(st.sampled_from(["sun", "moon", "far", "near", "is", "the", "a"]), min_size=1, max_size=6).map(
    " ".join
)
many = st.lists(st.tuples(texts, texts), max_size=12).map(
    lambda pairs: [Example(1, place, prompt, response) for place, (prompt, response) in enumerate(pairs)]
)


@given(many)
def test_kept__are_an_ordered_part__without_a_near_duplicate_pair__and_cover_what_was_left_out(
    examples: list[Example],
) -> None:
    kept = without_near_duplicates(examples)
    assert kept == [example for example in examples if example in kept]
    words = {example.ordinal: words_of(example) for example in examples}
    for example in examples:
        earlier = [other for other in kept if other.ordinal < example.ordinal]
        repeats = any(are_near_duplicates(words[example.ordinal], words[other.ordinal]) for other in earlier)
        assert repeats == (example not in kept)


@given(many, st.integers(1, 9))
def test_ownership__changes_nothing(examples: list[Example], owners: int) -> None:
    renamed = [Example(1 + e.ordinal % owners, e.ordinal, e.prompt, e.response) for e in examples]
    assert [e.ordinal for e in without_near_duplicates(renamed)] == [
        e.ordinal for e in without_near_duplicates(examples)
    ]
