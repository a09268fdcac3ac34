"""The same task in a Django admin with its history, in a virtual environment that is thrown away."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from tests.bench.list_page import Browser, clean_environment, is_listening, wait_until
from tests.bench.measure import note
from tests.databases import PostgresServer
from tests.seed import PASSWORD

PACKAGES = ("django==5.2.*", "gunicorn", "psycopg[binary]")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

SETTINGS = """
SECRET_KEY = "a bench has nothing to hide"
ALLOWED_HOSTS, ROOT_URLCONF, USE_TZ = ["*"], "urls", True
INSTALLED_APPS = ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
                  "django.contrib.sessions", "django.contrib.messages", "sales"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware",
              "django.contrib.sessions.middleware.SessionMiddleware",
              "django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
              "django.contrib.auth.middleware.AuthenticationMiddleware",
              "django.contrib.messages.middleware.MessageMiddleware",
              "django.middleware.clickjacking.XFrameOptionsMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
              "OPTIONS": {"context_processors": ["django.template.context_processors.request",
                                                 "django.contrib.auth.context_processors.auth",
                                                 "django.contrib.messages.context_processors.messages"]}}]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": %(name)r, "USER": %(user)r,
                         "HOST": %(host)r, "CONN_MAX_AGE": None}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
"""

MODELS = """
from django.conf import settings
from django.db import models

TEXTS = ("tax_id", "phone", "mobile", "website", "street", "postal_code", "city", "country", "source", "segment")

class Customer(models.Model):
    name = models.CharField(max_length=200, db_index=True)
    kind = models.CharField(max_length=20, choices=[("company", "Company"), ("person", "Person")])
    status = models.CharField(max_length=20, choices=[("lead", "Lead"), ("active", "Active")], db_index=True)
    email = models.EmailField(blank=True, db_index=True)
    revenue = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    customer_since = models.DateField(null=True, blank=True)
    do_not_contact = models.BooleanField(default=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True)
    notes = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self):
        return self.name

for name in TEXTS:
    Customer.add_to_class(name, models.CharField(max_length=200, blank=True))
"""

ADMIN = """
from django.contrib import admin
from sales.models import Customer

@admin.register(Customer)
class CustomerAdmin(admin.ModelAdmin):
    raw_id_fields = ["owner"]
"""

URLS = "from django.contrib import admin\nfrom django.urls import path\nurlpatterns = [path('', admin.site.urls)]\n"
WSGI = (
    "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'settings'\n"
    "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"
)
PREPARE = f"""
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django
django.setup()
from django.core.management import call_command
call_command("makemigrations", "sales", verbosity=0)
call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
User.objects.create_superuser("admin", "admin@example.com", {PASSWORD!r})
"""


@contextmanager
def django_admin(
    server: PostgresServer, folder: Path, port: int, processes: int, threads: int
) -> Iterator[int]:
    """Run the admin with as many processes and threads as Koine has; yield the process that started them."""
    note("save_with_rule: installing a Django admin beside it")
    python = folder / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "-q", *PACKAGES], check=True)
    place = {"name": server.create("django"), "user": server.user, "host": server.host}
    (folder / "sales").mkdir()
    files = {"settings.py": SETTINGS % place, "urls.py": URLS, "wsgi.py": WSGI, "prepare.py": PREPARE}
    files |= {"sales/__init__.py": "", "sales/models.py": MODELS, "sales/admin.py": ADMIN}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    subprocess.run([str(python), "prepare.py"], cwd=folder, check=True)
    command = [str(python), "-m", "gunicorn", "wsgi:application", f"--bind=127.0.0.1:{port}"]
    command += [f"--workers={processes}", f"--threads={threads}", "--keep-alive=15", "--log-level=error"]
    process = subprocess.Popen(command, cwd=folder, env=clean_environment())
    try:
        wait_until(lambda: is_listening(port), process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


class AdminSaver:
    """A client that creates customers in the Django admin, as its form does."""

    def __init__(self, port: int) -> None:
        self.browser = Browser(port)
        token = self._token("/login/")
        form = {"username": "admin", "password": PASSWORD, "csrfmiddlewaretoken": token, "next": "/"}
        self.browser._send("POST", "/login/", urlencode(form), FORM, 302)
        self.token = self._token("/sales/customer/add/")

    def save(self, values: dict[str, str]) -> None:
        """Create one customer."""
        form = urlencode({**values, "csrfmiddlewaretoken": self.token})
        self.browser._send("POST", "/sales/customer/add/", form, FORM, 302)

    def _token(self, path: str) -> str:
        return re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.browser.get(path))[1]
