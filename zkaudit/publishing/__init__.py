"""What lies beside a published model: the files of an audit, and descriptions of it that other tools read.

Nothing here is part of the verifier: it describes a verdict, and holds such descriptions against one.
"""
