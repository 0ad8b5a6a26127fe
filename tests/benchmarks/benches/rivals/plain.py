"""The two jobs, as a careful engineer writes them in plain Python: the standard library, and SQLite that waits for the disk.

    plain.py receive PORT FILE    takes signed pushes; each is on disk before it is answered
    plain.py carry FILE           polls trades and saves each as a sales order, once; settings come from the environment
"""

import hashlib
import json
import os
import sqlite3
import sys
import threading
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

CHINA = timezone(timedelta(hours=8))
PAGE = 100


def opened(file, table):
    database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute(table)
    return database


# --- pushes ---------------------------------------------------------------------------------------------------------


def receive(port, file):
    secret = os.environ["QINCE_PUSH_SECRETS"]
    database = opened(file, "CREATE TABLE pushes (msg_id TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID")
    # One connection behind a lock: of several, SQLite lets one write and has the others sleep.
    writing = threading.Lock()

    class Receiver(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        # Head and body of an answer go out together.
        wbufsize = -1

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            form = dict(parse_qsl(body.decode(), keep_blank_values=True))
            signed = f"{form.get('data')}|{secret}|{form.get('timestamp')}"
            if hashlib.md5(signed.encode()).hexdigest() != form.get("digest"):
                return self.answer(form, 1, "wrong digest")
            json.loads(form["data"])
            with writing:
                database.execute("INSERT OR IGNORE INTO pushes VALUES (?, ?)", (form["msgId"], form["data"]))
            self.answer(form, 0, "")

        def answer(self, form, code, text):
            reply = {"return_code": code, "return_msg": text, "msg_id": form.get("msgId", "")}
            body = json.dumps(reply).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    Server(("127.0.0.1", port), Receiver).serve_forever()


# --- trades ---------------------------------------------------------------------------------------------------------


class Api:
    """A vendor's address, over one connection that stays open."""

    def __init__(self, base_url):
        url = urlsplit(base_url)
        self.path = url.path
        self.connection = HTTPConnection(url.hostname, url.port, timeout=30)

    def call(self, method, path, body, headers):
        self.connection.request(method, self.path + path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path.split('?')[0]}: HTTP {answer.status}")
        return json.loads(text)


class Wangdian:
    def __init__(self):
        self.api = Api(os.environ["QIMEN_BASE_URL"])
        self.secret = os.environ["QIMEN_APP_SECRET"]
        start = datetime.fromisoformat(os.environ["RELAY_START"]).astimezone(CHINA)
        end = min(start + timedelta(hours=1), datetime.now(CHINA))
        self.window = {"start_time": time_text(start), "end_time": time_text(end)}

    def page(self, number):
        params = self.window | {
            "method": "wdt.trade.query",
            "app_key": os.environ["QIMEN_APP_KEY"],
            "target_app_key": os.environ["QIMEN_TARGET_APP_KEY"],
            "sid": os.environ["WDT_SID"],
            "sign_method": "md5",
            "timestamp": time_text(datetime.now(CHINA)),
            "v": "2.0",
            "format": "json",
            "status": "55",
            "page_no": str(number),
            "page_size": str(PAGE),
        }
        text = "".join(name + params[name] for name in sorted(params))
        params["sign"] = hashlib.md5((self.secret + text + self.secret).encode()).hexdigest().upper()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self.api.call("POST", "", urlencode(params), headers)["response"]
        if answer["flag"] != "success":
            raise RuntimeError(f"wdt.trade.query: {answer}")
        return answer


class Refused(Exception):
    """What Kingdee does not take, in its own words."""


class Kingdee:
    def __init__(self):
        self.api = Api(os.environ["KINGDEE_BASE_URL"])
        names = ["client_id", "client_secret", "username", "password"]
        login = urlencode({name: os.environ["KINGDEE_" + name.upper()] for name in names})
        answer = self.api.call("GET", f"/auth/user/access_token?{login}", None, {})
        self.token = answer["data"]["access_token"]
        self.headers = {
            "Content-Type": "application/json",
            "accountId": os.environ["KINGDEE_ACCOUNT_ID"],
            "groupName": os.environ["KINGDEE_GROUP_NAME"],
        }
        self.known = {}

    def call(self, path, body):
        path = f"{path}?access_token={self.token}"
        answer = self.api.call("POST", path, json.dumps(body).encode(), self.headers)
        data = answer.get("data") or {}
        if not answer["success"] or data.get("success") is False:
            raise Refused(f"{path.split('?')[0]}: {answer}")
        return data

    def save(self, order):
        """The id of the saved order; none where it is there already, saved before a crash."""
        try:
            return str(self.call("/jdy/sal/sal_order_save", order)["successPkIds"][0])
        except Refused as refused:
            if "已存在" in str(refused) or "重复" in str(refused):
                return None
            raise

    def row(self, kind, by, code):
        """What the list has of that number or name. The search is fuzzy."""
        row = self.known.get((kind, code))
        if row is None:
            body = {"search": code, "page": 1, "pagesize": 100}
            rows = self.call(f"/jdy/basedata/{kind}_list", body).get("rows") or []
            found = [row for row in rows if row[by] == code]
            if not found:
                raise Refused(f"{kind} {code!r} is not in Kingdee")
            row = self.known[kind, code] = found[0]
        return row

    def id(self, kind, by, code):
        return str(self.row(kind, by, code)["id"])


def order(trade, kingdee):
    return {
        "billno": trade["trade_no"],
        "billdate": trade["trade_time"][:10],
        "customerid_id": kingdee.id("customer", "number", trade["shop_no"]),
        "material_entity": [line_of(line, trade, kingdee) for line in trade["goods_list"]],
    }


def line_of(line, trade, kingdee):
    material = kingdee.row("material", "number", line["spec_no"])
    unit = line.get("unit_name")
    return {
        "materialid_id": str(material["id"]),
        "stockid_id": kingdee.id("store", "number", trade["warehouse_no"]),
        "qty": str(line["num"]),
        "taxprice": str(line["share_price"]),
        "is_free": str(line.get("gift_type", "0")) != "0",
        "cess": str(Decimal(str(line.get("tax_rate") or trade.get("tax_rate") or 0)) * 100),
        "unit_id": kingdee.id("measure_unit", "name", unit) if unit else str(material["baseunitid_id"]),
    }


def carry(file):
    database = opened(file, "CREATE TABLE done (trade_no TEXT PRIMARY KEY, order_id TEXT) WITHOUT ROWID")
    done = {trade_no for trade_no, in database.execute("SELECT trade_no FROM done")}
    wangdian, kingdee = Wangdian(), Kingdee()
    pages = -(-int(wangdian.page(0)["total_count"]) // PAGE)
    # From the last to the first: what changes meanwhile moves no row to a page that has been read.
    for number in reversed(range(pages)):
        for trade in wangdian.page(number).get("trades") or []:
            if trade["trade_no"] not in done:
                order_id = kingdee.save(order(trade, kingdee))
                database.execute("INSERT INTO done VALUES (?, ?)", (trade["trade_no"], order_id))
                done.add(trade["trade_no"])


def time_text(time):
    return time.strftime("%Y-%m-%d %H:%M:%S")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["receive", port, file]:
            receive(int(port), file)
        case ["carry", file]:
            carry(file)
        case _:
            sys.exit(__doc__)
