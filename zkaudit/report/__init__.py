"""A report that a person can look at: one self-contained HTML page about one audit, and the same in ten lines.

`examination.examine` verifies a proof and gathers the facts, `page.render_page` shows them,
`summary.summary_lines` says them on a terminal.
"""
