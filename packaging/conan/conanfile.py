"""libbeluga for Conan 2: `conan create packaging/conan`, from a checkout or the unpacked archive of a release.

Requirements have the names that they have in ConanCenter. Whoever would rather take those of the system names them in the
section [platform_requires] of a profile, as scripts/check-conan does.
"""
import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.files import copy, load, rm, rmdir
from conan.tools.gnu import PkgConfigDeps
from conan.tools.layout import basic_layout
from conan.tools.meson import Meson, MesonToolchain

# The parts that need a library, which meson_options.txt calls the same.
PARTS = ("yaml", "telemetry")
# What each requirement is called by pkg-config, which ConanCenter's recipes do not all say.
PKG_CONFIG = {"libcurl": "libcurl", "yyjson": "yyjson", "nettle": "nettle", "gmp": "gmp", "zlib": "zlib",
              "protobuf-c": "libprotobuf-c", "libyaml": "yaml-0.1"}
SOURCES = ("meson.build", "meson_options.txt", "LICENSE", "include/*", "src/*", "data/*", "scripts/slim.ini", "cli/meson.build")


class Beluga(ConanFile):
    name = "beluga-c"
    description = "One interface in C to the language models of many providers"
    license = "MIT"
    topics = ("llm", "openai", "anthropic", "gemini", "ollama")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False], **{part: [True, False] for part in PARTS}}
    default_options = {"shared": True, "fPIC": True, **{part: True for part in PARTS}}

    @property
    def _root(self):
        return os.path.join(self.recipe_folder, os.pardir, os.pardir)

    def set_version(self):
        text = load(self, os.path.join(self._root, "meson.build"))
        self.version = self.version or re.search(r"^  version: '(.*)',$", text, re.MULTILINE).group(1)

    def export_sources(self):
        for pattern in SOURCES:
            copy(self, pattern, self._root, self.export_sources_folder)

    def configure(self):
        self.settings.rm_safe("compiler.cppstd")
        self.settings.rm_safe("compiler.libcxx")
        if self.options.shared:
            self.options.rm_safe("fPIC")

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("libbeluga is tested on Linux alone")

    def layout(self):
        basic_layout(self)

    # None of their types are in our headers.
    def requirements(self):
        self.requires("libcurl/[>=7.88 <9]")
        self.requires("yyjson/[>=0.10 <1]")
        self.requires("nettle/[>=3.4 <4]")
        self.requires("gmp/[>=6.0 <7]")
        self.requires("zlib/[>=1.2.11 <2]")
        if self.options.telemetry:
            self.requires("protobuf-c/[>=1.4 <2]")
        if self.options.yaml:
            self.requires("libyaml/[>=0.2.5 <1]")

    def build_requirements(self):
        self.tool_requires("meson/[>=1.0 <2]")
        self.tool_requires("pkgconf/[>=1.8 <3]")
        if self.options.telemetry:
            self.tool_requires("protobuf-c/[>=1.4 <2]")  # the compiler of its messages

    def generate(self):
        deps = PkgConfigDeps(self)
        for name, called in PKG_CONFIG.items():
            deps.set_property(name, "pkg_config_name", called)
        deps.generate()
        toolchain = MesonToolchain(self)
        for part in PARTS:
            toolchain.project_options[part] = "enabled" if self.options.get_safe(part) else "disabled"
        toolchain.project_options["command"] = "disabled"
        toolchain.project_options["tests"] = "disabled"
        toolchain.project_options["wrap_mode"] = "nofallback"
        toolchain.generate()

    def build(self):
        meson = Meson(self)
        meson.configure()
        meson.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        Meson(self).install()
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))
        # Meson makes both, for the tests use the static one.
        rm(self, "*.a" if self.options.shared else "*.so*", os.path.join(self.package_folder, "lib"))

    def package_info(self):
        self.cpp_info.libs = ["beluga"]
        self.cpp_info.set_property("pkg_config_name", "beluga")
        if not self.options.shared:
            self.cpp_info.system_libs = ["pthread", "m", "dl"]
