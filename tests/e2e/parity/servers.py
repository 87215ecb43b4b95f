"""How the two servers of the suite are started and asked."""

from cases import SECTIONS, SETTINGS
from differences import comparable, normalised

from harness.parity import send, write_ini


class Pair:
    """The two servers that run one case after the other."""

    def __init__(self, fpm, howdah):
        self.fpm, self.howdah = fpm, howdah

    def answers(self, case):
        found = [comparable(send(server.address, case), case, server) for server in (self.fpm, self.howdah)]
        # Howdah's threads run another PHP than Debian's PHP-FPM.
        return found if self.howdah.mode == self.fpm.mode else [normalised(answer) for answer in found]


def settings_of(launch_shared, root, name, **others):
    """What a server is started with. Its sessions are its own."""
    folder = launch_shared.folder()
    ini = {"session.save_path": launch_shared.folder(mode=0o777), **SETTINGS[name], **others}
    ini = {key: value.format(root=root) for key, value in ini.items()}
    return {"PHP_INI": write_ini(folder, ini, SECTIONS.get(name, "").format(root=root)), "PHP_INI_SCAN_DIR": folder + "/none", "PHP_WORKERS": "2"}
