"""Prints a document of the front end's own, after asking whether the printer can.

python print_document.py [ADDRESS]
"""

import sys

from tillhal import Till
from tillhal.documents import columns, cut, feed, qr, rule, text


def main(address: str | None) -> None:
    """Check the document, show it, print it."""
    document = [
        text("LUNCH MENU", align="CENTER", bold=True, width=2, height=2),
        rule(),
        columns("Soup of the day", "4.50"),
        columns("Pasta", "8.90"),
        feed(),
        qr("https://example.com/menu"),
        feed(3),
        cut(),
    ]
    with Till.connect(address) as till:
        check = till.validate_document(document)
        if check.problems:
            sys.exit("\n".join(problem.message for problem in check.problems))
        print("\n".join(check.preview))
        job = till.print_document(document).job
        print(f"job {job.job_id} is in the journal and prints when its turn comes")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
