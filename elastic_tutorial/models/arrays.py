"""Types of the engine's arrays, 64 bits for all of them, and keys for NumPy.

Whoever names such a type has thereby set JAX to 64-bit floats: in 32 bits the likelihood of a large
store rounds away what distinguishes one elasticity from another, and samplers fail silently. A type
such as ``Float[Array, "block row"]`` names the axes in their order; within one signature an axis of
one name has one length. A single axis begins with a space, so that linters do not take it for a
variable. The tests check every call against the types; users never pay for it.
"""

import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, Num, UInt32

__all__ = ["Array", "Bool", "Float", "Int", "Key", "Num", "RawKey", "generator_of"]

RawKey = Key[Array, ""] | UInt32[Array, "2"]  # NumPyro hands a key on as the numbers it is made of

jax.config.update("jax_enable_x64", True)


def generator_of(key: Key[Array, ""]) -> np.random.Generator:
    """Turn a key into a NumPy generator; the key must not be used for anything else."""
    return np.random.default_rng(np.asarray(jax.random.key_data(key)).ravel())
