"""What `grader.check(...)` asks of the form of an answer; keep this file beside the notebook."""

import numpy as np
import pandas as pd


def given(name, value):
    """Assert that there is an answer."""
    assert value is not ..., f"`{name}` still holds the dots (...): put your answer in their place"
    assert value is not None, f"`{name}` has no value yet: it is not defined, or it is None"


def numbers(name, value, shape=()):
    """Assert that an answer has numbers (or truth values), in this shape; return them."""
    given(name, value)
    wanted = f"an array of shape {shape}" if shape else "a number"
    try:
        found = np.asarray(value)
        found = found.astype(float) if found.dtype.kind in "biufO" else None
    except (TypeError, ValueError):
        found = None
    assert found is not None, f"{name} must be {wanted}, not {type(value).__name__}"
    assert found.shape == shape, f"{name} must be {wanted}, but its shape is {found.shape}"
    return found


def truths(name, value, shape=()):
    """Assert that an answer has truth values, in this shape; return them."""
    found = numbers(name, value, shape)
    assert np.isin(found, (0, 1)).all(), f"{name} must hold nothing but True and False"
    return found == 1


def call(name, function, *arguments):
    """Call a function that was asked for; assert that it returns something."""
    given(name, function)
    assert callable(function), f"{name} must be a function, not {type(function).__name__}"
    # Numbers of NumPy: divided by zero they give an infinity that a test can speak of.
    arguments = [np.float64(each) if isinstance(each, float) else each for each in arguments]
    try:
        with np.errstate(all="ignore"):
            found = function(*arguments)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise AssertionError(f"{name} must take {kind(arguments)}, but fails with {why}") from error
    assert found is not None, f"{name} returns nothing: has it still the dots, or no return?"
    return found


def result(name, function, *arguments, shape=()):
    """Call a function; assert that it returns numbers in this shape; return them."""
    found = call(name, function, *arguments)
    return numbers(f"what {name} returns for {kind(arguments)}", found, shape)


def kind(arguments):
    """Word for what a function is given."""
    return "arrays" if any(np.ndim(each) for each in arguments) else "numbers"


def labelled(name, value, index):
    """Assert that an answer is a series with numbers, labelled as the index is; return them."""
    given(name, value)
    how = f"{name} must be a series: label numbers with pd.Series(numbers, index=...)"
    assert isinstance(value, pd.Series), f"{how}; it is {type(value).__name__}"
    assert list(value.index) == list(index), f"{name} must be labelled with the products, in order"
    return numbers(name, value, (len(index),))


def table(name, value, columns):
    """Assert that an answer is a data frame with these columns."""
    given(name, value)
    kind_of_value = type(value).__name__
    assert isinstance(value, pd.DataFrame), f"{name} must be a data frame, not {kind_of_value}"
    missing = [each for each in columns if each not in value.columns]
    assert not missing, f"{name} must have the columns {', '.join(columns)}; {missing} are missing"
