"""The interactive part of the proof: from a statement to linear claims on the witness.

The verifier runs it on a proof's messages.
The prover runs the same code on its own messages, so the two cannot disagree on what is checked.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zkaudit.commitment.link import Link
from zkaudit.field import arrays
from zkaudit.functionals.verifier import reduce_functionals
from zkaudit.layout import Layout
from zkaudit.linear.verifier import reduce_linear
from zkaudit.lookup.claims import Fingerprint, leaf_claims
from zkaudit.lookup.verifier import reduce_fraction_tree
from zkaudit.masking import ProverChannel, VerifierChannel, known
from zkaudit.opening.claims import Claim, Claims, LinkTerm
from zkaudit.products.verifier import reduce_products
from zkaudit.relation import Integers
from zkaudit.transcript import Label

LINK_VARIABLES = 9
"""log2 of the degree of the commitment's ring."""


def reduce_statement(
    channel: VerifierChannel, layout: Layout, inputs: Integers, commitment: NDArray[np.uint32]
) -> Claims:
    """All claims of a statement, not authenticated; `inputs` (features, samples), `commitment` (512,) residues.

    1. Lookups: alpha and the betas, the fraction tree, the claims on its leaves; they fix the sample point r_n.
    2. Products: one zero-check, with a sample point of its own.
    3. Linear relations, all at r_n; the public input at r_n is computed here.
    4. Commitment link: one functional of weights and randomness at a random point of the ring's coefficients.
    5. Functionals: one sumcheck, with a sample point of its own.
    """
    bits = layout.circuit.sample_bits
    fingerprint = draw_fingerprint(channel, layout)
    point, numerator, denominator = reduce_fraction_tree(channel, layout.tree_depth)
    sample_points = [point[:bits]]
    claims = leaf_claims(channel, layout, fingerprint, point, numerator, denominator)
    if layout.circuit.products:
        sample_point, product_claims = reduce_products(channel, layout, len(sample_points))
        sample_points.append(sample_point)
        claims += product_claims
    collapsed = arrays.matrix_vector(inputs, arrays.equality_table(point[:bits], inputs.shape[1]))
    for relation in layout.circuit.linear:
        claims += reduce_linear(channel, layout, relation, collapsed)
    link = Link(channel.challenges(Label.LINK_POINT, LINK_VARIABLES))
    claims.append(Claim(name="commitment link", value=known(link.target(commitment)), terms=(LinkTerm(link=link),)))
    if layout.circuit.functionals:
        sample_point, functional_claims = reduce_functionals(channel, layout, len(sample_points))
        sample_points.append(sample_point)
        claims += functional_claims
    return Claims(layout, sample_points, claims)


def draw_fingerprint(channel: VerifierChannel | ProverChannel, layout: Layout) -> Fingerprint:
    """alpha, and one beta for each entry of the longest tuple."""
    alpha = channel.challenge(Label.LOOKUP_ALPHA)
    return Fingerprint(alpha=alpha, betas=channel.challenges(Label.LOOKUP_BETA, layout.arity))
