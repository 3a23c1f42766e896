# A device icon for Sugar's frame: there while a new version is there or ready, in the child's own colours. Goes to
# /usr/share/sugar/extensions/deviceicon/ripple.py. It follows the daemon's D-Bus properties and decides nothing itself.
import subprocess

from gi.repository import Gio
from jarabe.frame.frameinvoker import FrameWidgetInvoker
from sugar3.graphics.tray import TrayIcon
from sugar3.graphics.xocolor import XoColor
from sugar3.profile import get_color

SHOWN = ('available', 'ready')


class DeviceView(TrayIcon):
    FRAME_POSITION_RELATIVE = 900

    def __init__(self):
        super().__init__(icon_name='activity-ripple', xo_color=XoColor(get_color().to_string()))
        self.set_palette_invoker(FrameWidgetInvoker(self))
        # Sugar shows all device icons at once when it starts.
        self.set_no_show_all(True)
        self.connect('button-release-event', self._open)
        Gio.DBusProxy.new_for_bus(
            Gio.BusType.SYSTEM, Gio.DBusProxyFlags.NONE, None,
            'org.laptop.Ripple1', '/org/laptop/Ripple1', 'org.laptop.Ripple1.Updater', None, self._ready)

    def _ready(self, _source, result):
        self._proxy = Gio.DBusProxy.new_for_bus_finish(result)
        self._proxy.connect('g-properties-changed', lambda *_: self._update())
        self._proxy.connect('notify::g-name-owner', lambda *_: self._update())
        self._update()

    def _update(self):
        state = self._proxy.get_cached_property('State')
        here = self._proxy.get_name_owner() is not None and state is not None
        self.set_visible(here and state.get_string() in SHOWN)

    # A second start of the activity raises the window that is there.
    def _open(self, *_):
        subprocess.Popen(['ripple-activity'])
        return True


def setup(tray):
    tray.add_device(DeviceView())
