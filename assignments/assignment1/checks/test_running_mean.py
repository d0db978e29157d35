"""A check the spec cannot say: what a saved state holds after training on two batches."""

from grader import assert_close, check, probe


@probe
def state_after_two_batches(student, first, second):
    """the state_dict of RunningMean(4) after two batches in training mode"""
    model = student.RunningMean(4)
    model(first)
    model(second)
    return model.state_dict()


@check(
    exercise="running-mean",
    points=1,
    hint={
        "en": "register_buffer saves a tensor with the model.",
        "ko": "register_buffer로 등록한 텐서는 모델과 함께 저장됩니다.",
    },
    title={
        "en": "the saved mean has followed both batches",
        "ko": "두 배치를 모두 따라간 평균의 저장",
    },
    called={
        "en": "the state_dict of RunningMean(4) after two batches in training mode",
        "ko": "학습 모드에서 배치 두 개를 받은 RunningMean(4)의 state_dict",
    },
)
def test_the_mean_is_saved(observe, reference, randn):
    """the saved mean has followed both batches"""
    batches = randn(8, 4), randn(8, 4)
    saved = observe(state_after_two_batches, *batches)
    assert_close(saved, reference(state_after_two_batches, *batches))
