"""The ten tasks by pyinfra. `bench_name` and `bench_text` are data of the command line."""

from pathlib import Path

from pyinfra import host
from pyinfra.operations import apt, files, server, systemd

here = Path(__file__).parent
name = host.data.bench_name

apt.packages(name="A package is present", packages=["procps"])
server.group(name="A group", group=name)
server.user(
    name="A user",
    user=name,
    group=name,
    system=True,
    ensure_home=False,
    home="/nonexistent",
    shell="/usr/sbin/nologin",
)
files.directory(name="A directory", path=f"/etc/{name}", mode="755")
for file in ["one.conf", "two.conf", "three.conf"]:
    files.put(
        name=f"The file {file}",
        src=str(here / "files" / file),
        dest=f"/etc/{name}/{file}",
        mode="644",
    )
template = files.template(
    name="A template",
    src=str(here / "service.conf.j2"),
    dest=f"/etc/{name}/service.conf",
    mode="644",
    bench_name=name,
    bench_text=host.data.bench_text,
    inventory_hostname=host.name,
)
unit = files.put(
    name="A systemd unit",
    src=str(here / "files" / "bench.service"),
    dest=f"/etc/systemd/system/{name}.service",
    mode="644",
)
systemd.daemon_reload(name="systemd reads the unit", _if=unit.did_change)
systemd.service(name="The service is enabled and running", service=f"{name}.service", running=True, enabled=True)
systemd.service(
    name="Restart the service",
    service=f"{name}.service",
    restarted=True,
    _if=lambda: template.did_change() or unit.did_change(),
)
