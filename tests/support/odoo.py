"""An SQLite file with the tables of Odoo 17 Point of Sale, as a script of a shop's would write it."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

SCHEMA = """
CREATE TABLE res_currency (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE res_company (id INTEGER PRIMARY KEY, name TEXT, currency_id INTEGER);
CREATE TABLE pos_config (id INTEGER PRIMARY KEY, name TEXT, receipt_header TEXT,
  receipt_footer TEXT, cash_rounding BOOLEAN);
CREATE TABLE pos_session (id INTEGER PRIMARY KEY, name TEXT, config_id INTEGER, user_id INTEGER,
  start_at TEXT, stop_at TEXT, state TEXT, cash_register_balance_start NUMERIC,
  cash_register_balance_end_real NUMERIC);
CREATE TABLE pos_order (id INTEGER PRIMARY KEY, name TEXT, pos_reference TEXT, session_id INTEGER,
  date_order TEXT, user_id INTEGER, amount_total NUMERIC, amount_tax NUMERIC, amount_paid NUMERIC,
  amount_return NUMERIC, state TEXT);
CREATE TABLE pos_order_line (id INTEGER PRIMARY KEY, order_id INTEGER, product_id INTEGER,
  full_product_name TEXT, price_unit NUMERIC, qty NUMERIC, discount NUMERIC,
  price_subtotal NUMERIC, price_subtotal_incl NUMERIC, refunded_orderline_id INTEGER);
CREATE TABLE pos_payment (id INTEGER PRIMARY KEY, pos_order_id INTEGER, amount NUMERIC,
  payment_method_id INTEGER, payment_date TEXT, is_change BOOLEAN, transaction_id TEXT);
CREATE TABLE pos_payment_method (id INTEGER PRIMARY KEY, name TEXT, is_cash_count BOOLEAN);
CREATE TABLE account_tax (id INTEGER PRIMARY KEY, name TEXT, amount NUMERIC, amount_type TEXT);
CREATE TABLE account_tax_pos_order_line_rel (pos_order_line_id INTEGER, account_tax_id INTEGER);
CREATE TABLE account_bank_statement_line (id INTEGER PRIMARY KEY, pos_session_id INTEGER,
  amount NUMERIC, payment_ref TEXT, create_date TEXT);
"""

DATA = """
INSERT INTO res_currency VALUES (1, 'EUR');
INSERT INTO res_company VALUES (1, 'Harbour Ltd', 1);
INSERT INTO pos_config VALUES (1, 'Shop', 'Harbour Shop', 'Come again', 1);
INSERT INTO pos_payment_method VALUES (1, '{"en_US": "Cash"}', 1), (2, '{"en_US": "Card"}', 0);
INSERT INTO account_tax VALUES (1, '19%', 19.0, 'percent');
INSERT INTO pos_session VALUES
  (1, 'POS/00001', 1, 2, '2025-03-01 07:00:00', '2025-03-01 19:00:00', 'closed', 100.00, 93.80),
  (2, 'POS/00002', 1, 2, '2025-03-02 07:00:00', NULL, 'opened', 93.80, NULL);
INSERT INTO account_bank_statement_line VALUES (1, 1, -20.00, 'to the bank', '2025-03-01 12:00:00');
INSERT INTO pos_order VALUES
  (1, 'Shop/0001', 'Order 00001-001-0001', 1, '2025-03-01 09:00:00', 2, 23.80, 3.80, 23.80, 6.20, 'done'),
  (2, 'Shop/0002', 'Order 00001-001-0002', 1, '2025-03-01 10:00:00', 2, 10.71, 1.71, 10.71, 0, 'done'),
  (3, 'Shop/0003', 'Order 00001-001-0003', 1, '2025-03-01 11:00:00', 2, -11.90, -1.90, -11.90, 0, 'done'),
  (4, 'Shop/0004', 'Order 00001-002-0001', 2, '2025-03-02 08:00:00', 2, 11.92, 1.90, 11.90, 0, 'paid'),
  (5, 'Shop/0005', 'Order 00001-002-0002', 2, '2025-03-02 08:30:00', 2, 5.95, 0.95, 0, 0, 'draft'),
  (6, 'Shop/0006', 'Order 00001-002-0003', 2, '2025-03-02 08:31:00', 2, 5.95, 0.95, 0, 0, 'cancel');
INSERT INTO pos_order_line VALUES
  (1, 1, 7, 'Anchor', 11.90, 2, 0, 20.00, 23.80, NULL),
  (2, 2, 8, 'Rope, 10 % off', 11.90, 1, 10, 9.00, 10.71, NULL),
  (3, 3, 7, 'Anchor', 11.90, -1, 0, -10.00, -11.90, 1),
  (4, 4, 9, 'Lamp', 11.92, 1, 0, 10.02, 11.92, NULL),
  (5, 5, 9, 'Hook', 5.95, 1, 0, 5.00, 5.95, NULL),
  (6, 6, 9, 'Hook', 5.95, 1, 0, 5.00, 5.95, NULL);
INSERT INTO account_tax_pos_order_line_rel SELECT id, 1 FROM pos_order_line;
INSERT INTO pos_payment VALUES
  (1, 1, 30.00, 1, '2025-03-01 09:00:00', 0, NULL),
  (2, 1, -6.20, 1, '2025-03-01 09:00:00', 1, NULL),
  (3, 2, 10.71, 2, '2025-03-01 10:00:00', 0, 'tx-1'),
  (4, 3, -11.90, 1, '2025-03-01 11:00:00', 0, NULL),
  (5, 4, 11.90, 1, '2025-03-02 08:00:00', 0, NULL);
"""


def odoo_export(path: Path, *more: str) -> Path:
    """Write it; `more` are statements that change it afterwards."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(SCHEMA + DATA)
        for statement in more:
            db.execute(statement)
        db.commit()
    return path
