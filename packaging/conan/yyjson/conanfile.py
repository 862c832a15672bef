"""yyjson from a folder that scripts/yyjson has made, for scripts/check-conan: Debian 12 has no package of it, and a package of
Conan's that a machine without a remote can make shows that one is found. Others take ConanCenter's.
"""
import os

from conan import ConanFile
from conan.tools.files import copy


class Yyjson(ConanFile):
    name = "yyjson"
    license = "MIT"
    package_type = "static-library"
    settings = "os", "arch", "compiler", "build_type"
    exports_sources = "yyjson.c", "yyjson.h", "LICENSE"

    def build(self):
        self.run("cc -O2 -w -DNDEBUG -fPIC -fvisibility=hidden -c yyjson.c -o yyjson.o && ar rcs libyyjson.a yyjson.o")

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        copy(self, "yyjson.h", self.source_folder, os.path.join(self.package_folder, "include"))
        copy(self, "libyyjson.a", self.build_folder, os.path.join(self.package_folder, "lib"))

    def package_info(self):
        self.cpp_info.libs = ["yyjson"]
