from services.batch_size import BatchSize


def test_it_halves_while_things_fail_and_comes_back_with_what_goes_well() -> None:
    size = BatchSize(200)
    seen = [size.now]
    for _ in range(6):
        size.failed()
        seen.append(size.now)
    for _ in range(6):
        size.went_well()
        seen.append(size.now)
    assert seen == [200, 100, 50, 25, 12, 10, 10, 20, 40, 80, 160, 200, 200]


def test_a_batch_that_is_small_by_choice_stays_so() -> None:
    size = BatchSize(3)
    size.failed()
    size.went_well()
    assert size.now == 3
