"""A sign-in provider on a loopback socket, as strict as OpenID Connect: real HTTP, real RSA keys, codes that work once. Whoever comes is
`somebody`; what it says of them, and what it does wrong, tests choose."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "stafett", "s3cret/with:signs+and space"


def half_hash(text):
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


class OidcProvider:
    """`somebody`: claims of whoever signs in. `token_claims` and `token_header` are put over those of the next ID tokens. `sign` makes
    a token of header and claims. `refuses`: an error of the authorisation endpoint, where it has one."""

    def __init__(self, redirect_uri):
        self.redirect_uri = redirect_uri
        self.issuer, self._key = "", self.new_key()
        self.begin_again()

    def begin_again(self):
        """As a provider that does nothing wrong, with the key that it has."""
        self.keys = [self._key]
        self.somebody = {"sub": "sub-of-maja"}
        self.token_claims, self.token_header = {}, {}
        self.sign, self.refuses, self.is_away, self.other = self.sign_properly, None, False, {}
        self.codes, self.calls = {}, []

    @staticmethod
    def new_key():
        return RSAKey.generate_key(2048, parameters={"kid": secrets.token_hex(4), "use": "sig", "alg": "RS256"})

    def sign_properly(self, header, claims):
        return jwt.encode(header, claims, self.keys[-1], algorithms=["RS256"])

    def description(self):
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/end",
            "authorization_response_iss_parameter_supported": True,
            "id_token_signing_alg_values_supported": ["RS256"],
            **self.other,
        }

    def authorize(self, query):
        """The address that the browser is sent back to. Raises AssertionError for a request that no provider may take."""
        asked = {name: values[0] for name, values in parse_qs(query, strict_parsing=True).items()}
        assert asked["response_type"] == "code" and asked["client_id"] == CLIENT
        assert asked["redirect_uri"] == self.redirect_uri and "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256" and len(asked["code_challenge"]) == 43
        assert len(asked["state"]) >= 43 and len(asked["nonce"]) >= 43 and asked["state"] != asked["nonce"]
        back = {"state": asked["state"], "iss": self.issuer}
        if self.refuses is not None:
            return f"{self.redirect_uri}?{urlencode({**back, 'error': self.refuses})}"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{self.redirect_uri}?{urlencode({**back, 'code': code})}"

    def redeem(self, authorization, body):
        """(status, answer) of the token endpoint."""
        kind, _, pair = authorization.partition(" ")
        ident, _, secret = base64.b64decode(pair).decode().partition(":")
        if kind != "Basic" or (unquote_plus(ident), unquote_plus(secret)) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        form = {name: values[0] for name, values in parse_qs(body.decode(), strict_parsing=True).items()}
        asked = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            asked is None
            or form["grant_type"] != "authorization_code"
            or form["redirect_uri"] != self.redirect_uri
            or not hmac.compare_digest(challenge, asked["code_challenge"])
        ):
            return 400, {"error": "invalid_grant", "error_description": "of elin@example.com"}
        access, now = secrets.token_urlsafe(16), int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "at_hash": half_hash(access),
            **self.somebody,
            **self.token_claims,
        }
        header = {"alg": "RS256", "kid": self.keys[-1].kid, **self.token_header}
        token = self.sign(header, {name: value for name, value in claims.items() if value is not None})
        return 200, {"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": token}

    def answer(self, method, path, query, headers, body):
        """(status, headers, body)"""
        self.calls.append(path)
        if self.is_away:
            return 503, {}, b"away"
        match method, path:
            case "GET", "/.well-known/openid-configuration":
                return 200, {}, json.dumps(self.description()).encode()
            case "GET", "/keys":
                return 200, {}, json.dumps({"keys": [key.as_dict(private=False) for key in self.keys]}).encode()
            case "GET", "/authorize":
                return 302, {"location": self.authorize(query)}, b""
            case "POST", "/token":
                status, said = self.redeem(headers.get("authorization", ""), body)
                return status, {}, json.dumps(said).encode()
            case _:
                return 404, {}, b"{}"


@contextmanager
def oidc_provider(redirect_uri):
    """Running until the end of the block."""
    provider = OidcProvider(redirect_uri)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self._do()

        def do_POST(self):
            self._do()

        def _do(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            path = urlsplit(self.path)
            status, headers, said = provider.answer(self.command, path.path, path.query, self.headers, body)
            self.send_response(status)
            for name, value in {
                "content-type": "application/json",
                "content-length": str(len(said)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_):
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
