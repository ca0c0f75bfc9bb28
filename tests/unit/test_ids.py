"""Ids say when they were made, and nothing else that could be guessed."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

from builders import NOW

from domain.buckets import bucket_of
from domain.encoding import micros
from service.ids import new_id


def test_an_id_is_a_uuid_of_version_7() -> None:
    made = new_id(NOW)

    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == micros(NOW) // 1_000
    assert UUID(str(made)) == made


def test_ids_are_in_the_order_of_their_making() -> None:
    moments = [NOW + timedelta(milliseconds=each) for each in range(1_000)]
    made = [new_id(moment) for moment in moments]

    assert made == sorted(made)
    assert new_id(datetime(1970, 1, 1, tzinfo=UTC)) < made[0]


def test_ids_of_one_moment_differ_in_74_random_bits_and_no_others() -> None:
    made = [new_id(NOW).int for _ in range(2_000)]
    ever, always = 0, -1
    for each in made:
        ever, always = ever | each, always & each

    assert len(set(made)) == len(made)
    assert ever ^ always == (1 << 76) - 1 - (3 << 62)


def test_ids_of_one_moment_spread_over_the_buckets() -> None:
    met = Counter(bucket_of(new_id(NOW), 2) for _ in range(2_000))

    assert set(met) == {1, 2}
    assert min(met.values()) > 800
